// Small comforts on top of pages that work without them: theme, copy buttons, menus, relative times, counters.
"use strict";

(() => {
  const root = document.documentElement;

  // Before the first paint: this file is loaded in <head> without `defer` so that the chosen theme does not flash.
  const stored = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("theme", theme); } catch { /* private mode: the choice lasts one page */ } };
  if (["light", "dark"].includes(stored())) root.dataset.theme = stored();
  root.classList.add("js");

  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

  function showTheme() {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.hidden = false;
      const label = isDark() ? button.dataset.toLight : button.dataset.toDark;
      button.setAttribute("aria-label", label);
      button.title = label;
      const use = button.querySelector("use");
      if (use) use.setAttribute("href", use.getAttribute("href").replace(/#.*$/, isDark() ? "#sun" : "#moon"));
    }
  }

  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText((source ? source.textContent : button.dataset.copyText || "").trim());
      say(button, button.dataset.copied);
    } catch {
      if (source) getSelection().selectAllChildren(source);   // the person can copy it by hand
    }
  }

  function say(button, text) {
    const label = button.querySelector("[data-label]");
    if (!label || label.dataset.before) return;
    label.dataset.before = label.textContent;
    label.textContent = text;
    setTimeout(() => { label.textContent = label.dataset.before; delete label.dataset.before; }, 2000);
  }

  const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const relative = new Intl.RelativeTimeFormat(root.lang || "en", { numeric: "auto" });

  function showTimes(within) {
    for (const time of within.querySelectorAll("time[data-relative]")) {
      const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
      if (Number.isNaN(seconds)) continue;
      const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) || ["minute", 60];
      time.textContent = relative.format(Math.trunc(seconds / size), unit);
    }
  }

  function showCount(input) {
    const counter = document.querySelector(`[data-counter-for="${CSS.escape(input.id)}"]`);
    if (!counter) return;
    const left = Number(counter.dataset.max) - [...input.value].length;
    counter.querySelector("[data-left]").textContent = new Intl.NumberFormat(root.lang || "en").format(left);
    counter.toggleAttribute("data-over", left < 0);
    counter.hidden = left > Number(counter.dataset.max) / 5;
  }

  function prepare(within) {
    for (const button of within.querySelectorAll("[data-copy], [data-copy-text], [data-print]")) button.hidden = false;
    for (const input of within.querySelectorAll("textarea, input[maxlength]")) if (input.id) showCount(input);
    showTimes(within);
  }

  const openMenus = () => document.querySelectorAll("details[data-menu][open]");

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-switch], [data-copy], [data-copy-text], [data-print]");
    if (button?.matches("[data-theme-switch]")) {
      root.dataset.theme = isDark() ? "light" : "dark";
      keep(root.dataset.theme);
      showTheme();
    } else if (button?.matches("[data-print]")) print();
    else if (button) copy(button);
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
      menu.open = false;
    }
  });

  // Whoever uses this device next must not find the choices and texts that were kept on it.
  document.addEventListener("submit", (event) => {
    if (!event.target.getAttribute("action")?.endsWith("/account/logout/")) return;
    try {
      for (const name of Object.keys(localStorage)) if (/^(ballot\.|draft:)/.test(name)) localStorage.removeItem(name);
    } catch { /* nothing was kept */ }
  });

  document.addEventListener("input", (event) => { if (event.target.id) showCount(event.target); });
  // Where what had the focus was replaced: on to the fault, the notice, or what the pressed element names.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (document.activeElement !== document.body) return;
    const named = event.detail.requestConfig?.elt?.closest("[data-then-focus]")?.dataset.thenFocus;
    const next = event.detail.elt.querySelector?.("[aria-invalid='true'], [data-focus-first]") || (named && document.querySelector(named));
    if (!next) return;
    if (next.tabIndex < 0) next.tabIndex = -1;
    next.focus();
  });
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  document.addEventListener("DOMContentLoaded", () => {
    prepare(document);
    showTheme();
    document.querySelector("[data-focus-first]")?.focus();
    setInterval(() => showTimes(document), 30000);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
})();
