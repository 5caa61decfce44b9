// The ballot page: sums while choosing, filters, a draft that stays on this device, a warning on leaving.
// Everything here is comfort: the form works without it, and the server decides what is a valid ballot.
"use strict";

(() => {
  const form = document.querySelector("form[data-ballot]");
  const review = document.querySelector("[data-ballot-review]");
  const cast = document.querySelector("[data-ballot-cast]");
  const language = document.documentElement.lang || "en";
  const number = new Intl.NumberFormat(language === "fa" ? "fa-IR" : "en");

  const draft = {
    name: (poll) => `ballot.${poll}`,
    read(poll) {
      try { return JSON.parse(localStorage.getItem(this.name(poll))); } catch { return null; }
    },
    write(poll, keys) {
      try { localStorage.setItem(this.name(poll), JSON.stringify(keys)); return true; } catch { return false; }
    },
    clear(poll) {
      try { localStorage.removeItem(this.name(poll)); } catch { /* nothing was kept */ }
    },
  };

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
    if (draft.write(review.dataset.ballotReview, review.dataset.choice.split(" ").filter(Boolean))) useOwnMemory();
    unsaved = Boolean(review.querySelector("form[action$='cast/']"));
  }
  if (!form) return;

  const poll = form.dataset.ballot;
  const boxes = [...form.querySelectorAll("input[name=choose]")];
  const cart = form.querySelector("[data-cart-box]");
  const part = (name) => cart.querySelector(`[data-cart="${name}"]`);
  const maxCost = form.dataset.maxCost === "" ? null : Number(form.dataset.maxCost);
  const maxChoices = form.dataset.maxChoices === "" ? null : Number(form.dataset.maxChoices);
  const money = (amount) => [number.format(amount), form.dataset.currency].filter(Boolean).join("\u00a0");
  const chosen = () => boxes.filter((box) => box.checked);
  const keysOf = (list) => list.map((box) => box.value);
  const standing = form.dataset.standing.split(" ").filter(Boolean);   // what this person has cast, nothing before that
  const same = (keys) => keys.length === standing.length && keys.every((key) => standing.includes(key));

  function show() {
    const now = chosen();
    const spent = now.reduce((sum, box) => sum + Number(box.dataset.cost), 0);
    const left = maxCost === null ? null : maxCost - spent;
    const over = left !== null && left < 0;
    part("count").textContent = number.format(now.length);
    if (left !== null) {
      part("spent").textContent = number.format(spent);
      part("left").textContent = number.format(Math.abs(left));
      part("bar").setAttribute("width", Math.min(1000, maxCost ? Math.round((spent * 1000) / maxCost) : 0));
      cart.querySelector("[data-cart-bar-box]").classList.toggle("bar--over", over);
      cart.querySelector('[data-cart-label="left"]').hidden = over;
      cart.querySelector('[data-cart-label="over"]').hidden = !over;
    }
    cart.classList.toggle("is-over", over);
    cart.querySelector('[data-warn="over"]').hidden = !over;
    cart.querySelector('[data-warn="many"]').hidden = maxChoices === null || now.length <= maxChoices;
    for (const box of boxes) {
      const noFit = left !== null && !box.checked && Number(box.dataset.cost) > Math.max(left, 0);
      box.closest(".option").classList.toggle("is-over", noFit);
      const note = box.closest(".option").querySelector("[data-no-fit]");
      if (note) note.hidden = !noFit;
    }
    part("list").replaceChildren(...now.map(row));
    part("empty").hidden = now.length > 0;
    const isCast = part("is-cast");
    if (isCast) {
      isCast.hidden = !same(keysOf(now));
      part("not-cast").hidden = !isCast.hidden;
    }
    return { count: number.format(now.length), spent: money(spent), left: left === null ? "" : money(Math.abs(left)), over };
  }

  function row(box) {
    const item = document.createElement("li");
    const name = document.createElement("bdi");
    const cost = document.createElement("span");
    name.textContent = box.dataset.title;
    cost.textContent = box.dataset.costText;
    cost.className = "num";
    item.append(name, cost);
    return item;
  }

  let soon;
  function say(sums) {
    clearTimeout(soon);
    soon = setTimeout(() => {
      const box = cart.querySelector("[data-cart-say]");
      const text = sums.left === "" ? box.dataset.sayCount : sums.over ? box.dataset.sayOver : box.dataset.saySpent;
      box.textContent = text.replace("{spent}", sums.spent).replace("{left}", sums.left).replace("{count}", sums.count);
    }, 700);
  }

  function choose(keys) {
    for (const box of boxes) box.checked = keys.includes(box.value);
  }

  form.addEventListener("change", (event) => {
    if (event.target.name !== "choose") return;
    const keys = keysOf(chosen());
    unsaved = !same(keys);
    if (draft.write(poll, keys)) useOwnMemory();
    say(show());
  });

  // Put back what was chosen here before, unless the page itself already carries this person's last step.
  const kept = draft.read(poll);
  const notice = document.querySelector("[data-draft-notice]");
  if (form.dataset.kept === "yes") {
    draft.write(poll, keysOf(chosen()));
    unsaved = !same(keysOf(chosen()));
  } else if (Array.isArray(kept) && !same(kept.filter((key) => boxes.some((box) => box.value === key)))) {
    choose(kept);
    notice.hidden = false;
    unsaved = true;
  }
  notice.querySelector("[data-start-over]").addEventListener("click", () => {
    choose(standing);
    draft.clear(poll);
    notice.hidden = true;
    unsaved = false;
    say(show());
    boxes[0]?.focus();
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
