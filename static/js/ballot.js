// The ballot page: sums while choosing, filters, a draft that stays on this device, a warning on leaving.
// Everything here is comfort: the form works without it, and the server decides what is a valid ballot.
// Ranked ballots have rank.js besides; the two tell each other by the events "input" and "ballot:shown".
"use strict";

(() => {
  const form = document.querySelector("form[data-ballot]");
  const review = document.querySelector("[data-ballot-review]");
  const cast = document.querySelector("[data-ballot-cast]");
  const language = document.documentElement.lang || "en";
  const number = new Intl.NumberFormat(language === "fa" ? "fa-IR" : "en");

  // A ballot is kept as pairs of name and value, as the form would send them.
  const draft = {
    name: (poll) => `ballot.${poll}`,
    read(poll) {
      try { return JSON.parse(localStorage.getItem(this.name(poll))); } catch { return null; }
    },
    write(poll, fields) {
      try { localStorage.setItem(this.name(poll), JSON.stringify(fields)); return true; } catch { return false; }
    },
    clear(poll) {
      try { localStorage.removeItem(this.name(poll)); } catch { /* nothing was kept */ }
    },
  };
  const fieldsIn = (id) => JSON.parse(document.getElementById(id).textContent);

  // The receipt number comes from this device, so that no server can give two voters the same one.
  for (const input of document.querySelectorAll("[data-new-bid]")) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    input.value = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  let unsaved = false;
  addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  document.addEventListener("submit", () => { unsaved = false; });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-way-out]")) unsaved = false; });

  // Where this device has kept the choices, they need not travel in an address.
  function useOwnMemory() {
    for (const link of document.querySelectorAll("[data-plain-href]")) link.href = link.dataset.plainHref;
  }

  if (cast) draft.clear(cast.dataset.ballotCast);
  if (review) {
    if (draft.write(review.dataset.ballotReview, fieldsIn("ballot-fields"))) useOwnMemory();
    unsaved = Boolean(review.querySelector("form[action$='cast/']"));
  }
  if (!form) return;

  const poll = form.dataset.ballot;
  const approves = form.dataset.kind === "approve";
  const ranks = form.dataset.kind === "rank";
  const marks = [...form.querySelectorAll("[data-mark]")];
  const boxes = marks.filter((mark) => mark.type !== "text");
  const cart = form.querySelector("[data-cart-box]");
  const part = (name) => cart.querySelector(`[data-cart="${name}"]`);
  const limit = (name) => (form.dataset[name] === "" ? null : Number(form.dataset[name]));
  const cap = limit("cap"), maxChoices = approves || ranks ? limit("maxChoices") : null;
  const most = limit("maxPoints");
  const amount = (value) => [number.format(value), form.dataset.currency].filter(Boolean).join("\u00a0");
  const latin = (text) => text.replace(/[\s\u200c\u200e\u200f\u061c]/g, "").replace(/[\u06f0-\u06f9\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) % 16));
  const local = (text) => (language === "fa" ? text.replace(/\d/g, (digit) => String.fromCharCode(0x06f0 + Number(digit))) : text);
  const valueOf = (mark) => (mark.type === "text" ? latin(mark.value) : mark.checked ? mark.value : "");
  const says = (mark) => valueOf(mark) !== "" && (approves || ranks || valueOf(mark) !== "0");
  const weight = (mark) => (approves ? Number(mark.dataset.cost) : /^\d+$/.test(valueOf(mark)) ? Number(valueOf(mark)) : 0);
  const odd = (mark) => mark.type === "text" && valueOf(mark) !== "" && !(ranks ? /^0*[1-9]\d*$/ : /^\d+$/).test(valueOf(mark));
  const high = (mark) => mark.type === "text" && !ranks && most !== null && weight(mark) > most;
  const fields = () => marks.filter(says).map((mark) => [mark.name, valueOf(mark)]);
  const standing = fieldsIn("standing-fields");   // what this person has cast, nothing before that
  const sorted = (pairs) => JSON.stringify(pairs.map((pair) => pair.join("=")).sort());
  const same = (pairs) => sorted(pairs) === sorted(standing);

  function show() {
    const now = marks.filter(says);
    const spent = now.reduce((sum, mark) => sum + weight(mark), 0);
    const left = cap === null ? null : cap - spent;
    const over = left !== null && left < 0;
    if (part("count")) part("count").textContent = number.format(now.length);
    if (left !== null) {
      part("spent").textContent = number.format(spent);
      part("left").textContent = number.format(Math.abs(left));
      part("bar").setAttribute("width", Math.min(1000, cap ? Math.round((spent * 1000) / cap) : 0));
      cart.querySelector("[data-cart-bar-box]").classList.toggle("bar--over", over);
      cart.querySelector('[data-cart-label="left"]').hidden = over;
      cart.querySelector('[data-cart-label="over"]').hidden = !over;
    }
    for (const [name, wrong] of [["odd", odd], ["high", high]]) {
      const warning = cart.querySelector(`[data-warn="${name}"]`);
      if (warning) warning.hidden = !marks.some(wrong);
    }
    for (const mark of marks.filter((one) => one.type === "text")) fault(mark, odd(mark) || high(mark));
    cart.classList.toggle("is-over", over);
    cart.querySelector('[data-warn="over"]').hidden = !over;
    cart.querySelector('[data-warn="many"]').hidden = maxChoices === null || now.length <= maxChoices;
    for (const box of approves ? boxes : []) {
      const noFit = left !== null && !box.checked && Number(box.dataset.cost) > Math.max(left, 0);
      box.closest(".option").classList.toggle("is-over", noFit);
      const note = box.closest(".option").querySelector("[data-no-fit]");
      if (note) note.hidden = !noFit;
    }
    if (part("list")) part("list").replaceChildren(...now.map(row));
    part("empty").hidden = now.length > 0;
    const isCast = part("is-cast");
    if (isCast) {
      isCast.hidden = !same(fields());
      part("not-cast").hidden = !isCast.hidden;
    }
    form.dispatchEvent(new CustomEvent("ballot:shown"));
    return { count: number.format(now.length), spent: amount(spent), left: left === null ? "" : amount(Math.abs(left)), over };
  }

  // What the server said against a field goes as soon as the field is right.
  function fault(mark, wrong) {
    const option = mark.closest(".option");
    const text = option.querySelector(".option__fault");
    option.classList.toggle("is-faulty", wrong);
    if (wrong) mark.setAttribute("aria-invalid", "true");
    else mark.removeAttribute("aria-invalid");
    if (text) text.hidden = !wrong;
  }

  function row(mark) {
    const item = document.createElement("li");
    const name = document.createElement("bdi");
    const figure = document.createElement("span");
    name.textContent = mark.dataset.title;
    figure.textContent = approves ? mark.dataset.costText : number.format(weight(mark));
    figure.className = "num";
    item.append(name, figure);
    return item;
  }

  let soon;
  function say(sums) {
    clearTimeout(soon);
    soon = setTimeout(() => {
      const box = cart.querySelector("[data-cart-say]");
      const warnings = [...cart.querySelectorAll("[data-warn]:not([data-warn=over], [hidden])")].map((warning) => warning.textContent.trim());
      if (warnings.length || ranks) { box.textContent = warnings.join(" "); return; }
      const text = sums.left === "" ? box.dataset.sayCount : sums.over ? box.dataset.sayOver : box.dataset.saySpent;
      box.textContent = text.replace("{spent}", sums.spent).replace("{left}", sums.left).replace("{count}", sums.count);
    }, 700);
  }

  function put(pairs) {
    for (const mark of marks) {
      const values = pairs.filter(([name]) => name === mark.name).map(([, value]) => value);
      if (mark.type === "text") mark.value = local(values[0] ?? "");
      else mark.checked = values.length ? values.includes(mark.value) : !approves && mark.value === "0";
    }
  }

  form.addEventListener("input", (event) => {
    if (!event.target.matches("[data-mark]")) return;
    unsaved = !same(fields());
    if (draft.write(poll, fields())) useOwnMemory();
    say(show());
  });

  // Buttons that give one point more or less.
  for (const button of form.querySelectorAll("[data-step]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const mark = button.parentElement.querySelector("[data-mark]");
      mark.value = local(String(Math.min(most ?? Infinity, Math.max(0, weight(mark) + Number(button.dataset.step))) || ""));
      mark.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  // Put back what was chosen here before, unless the page itself already carries this person's last step.
  const kept = draft.read(poll);
  const notice = document.querySelector("[data-draft-notice]");
  if (form.dataset.kept === "yes") {
    draft.write(poll, fields());
    unsaved = !same(fields());
  } else if (Array.isArray(kept) && kept.every(Array.isArray)) {
    const known = kept.filter(([name, value]) => marks.some((mark) => mark.name === name && (mark.type === "text" || mark.value === value)));
    if (!same(known)) {
      put(known);
      notice.hidden = false;
      unsaved = true;
    }
  }
  notice.querySelector("[data-start-over]").addEventListener("click", () => {
    put(standing);
    draft.clear(poll);
    notice.hidden = true;
    unsaved = false;
    say(show());
    marks[0]?.focus();
  });
  if (draft.write(`${poll}.can`, [])) { draft.clear(`${poll}.can`); useOwnMemory(); }

  const wide = matchMedia("(min-width: 60rem)").matches;
  cart.querySelector("[data-cart-details]").open = wide;
  const filters = form.querySelector("[data-filters]");
  if (filters) {
    const wanted = { scope: "", subject: "" };
    filters.hidden = false;
    filters.open = wide;
    filters.addEventListener("click", (event) => {
      const chip = event.target.closest("[data-filter]");
      if (!chip) return;
      wanted[chip.dataset.filter] = chip.dataset.value;
      for (const other of filters.querySelectorAll(`[data-filter="${chip.dataset.filter}"]`)) other.setAttribute("aria-pressed", String(other === chip));
      let shown = 0;
      for (const option of form.querySelectorAll(".option")) {
        const fits = Object.entries(wanted).every(([name, value]) => !value || option.dataset[name] === value);
        option.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      filters.querySelector("[data-shown]").textContent = number.format(shown);
    });
  }

  show();
})();
