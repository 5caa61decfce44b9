// Keeps what is being written in this browser until it was accepted, and puts it back. A form says with data-draft whose and
// which text it is ("7:comment:15:0"); data-draft-sent: the text in it came back from the server, so it wins over what was kept.
// A page that shows what became of a text names it in data-draft-done: it is forgotten there, if it had been sent.
"use strict";
(() => {
  const DAYS = 14;
  const load = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
  const drop = (key) => { try { localStorage.removeItem(key); } catch { /* private mode: nothing was kept */ } };
  const store = (key, value) => { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* full, or private mode */ } };
  const keys = () => { try { return Object.keys(localStorage).filter((key) => key.startsWith("draft:")); } catch { return []; } };
  const keyOf = (form) => `draft:${form.dataset.draft}`;
  const texts = (form) => [...form.querySelectorAll("textarea, input[type='text']")];
  const notice = (form) => form.querySelector("[data-draft-notice] > p");

  function keep(form, sent = false) {
    const written = texts(form);
    const news = form.hasAttribute("data-draft-sent") || written.some((field) => field.value !== field.defaultValue);
    if (news) store(keyOf(form), { at: Date.now(), sent, texts: Object.fromEntries(written.map((field) => [field.name, field.value])) });
    else drop(keyOf(form));
  }

  function prepare(form) {
    if (form.hasAttribute("data-draft-sent")) { keep(form); return; }
    const kept = load(keyOf(form))?.texts || {};
    for (const field of texts(form)) {
      const text = kept[field.name];
      if (text === undefined || text === field.value) continue;
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      notice(form).hidden = false;
    }
  }

  const formOf = (event) => event.target.closest?.("form[data-draft]");
  document.addEventListener("input", (event) => { const form = formOf(event); if (form) keep(form); });
  document.addEventListener("submit", (event) => { const form = formOf(event); if (form) keep(form, true); });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = formOf(event);
    if (form && event.detail.xhr.status === 200) drop(keyOf(form));
  });
  document.addEventListener("htmx:load", ({ detail }) => {
    for (const form of [detail.elt, ...detail.elt.querySelectorAll("form")]) if (form.dataset.draft) prepare(form);
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-draft-drop]")) return;
    const form = formOf(event);
    for (const field of texts(form)) { field.value = field.defaultValue; field.dispatchEvent(new Event("input", { bubbles: true })); }
    notice(form).hidden = true;
    texts(form)[0].focus();
  });

  const done = (document.querySelector("[data-draft-done]")?.dataset.draftDone || "").split(" ").filter(Boolean);
  const person = (document.querySelector("[data-draft]")?.dataset.draft || done[0])?.split(":")[0];
  for (const key of person ? keys() : []) {
    const kept = load(key);
    const accepted = kept?.sent && done.some((name) => key.startsWith(`draft:${name}`));
    if (!kept || Date.now() - kept.at > DAYS * 86400000 || accepted || !key.startsWith(`draft:${person}:`)) drop(key);     // the last: somebody else wrote here before
  }
  for (const form of document.querySelectorAll("form[data-draft]")) prepare(form);
})();
