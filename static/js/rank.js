// Ranked ballots: a live list in order, with buttons to move an option up, down or out, beside the number fields.
// The fields are the ballot; whatever is pressed here only writes numbers into them.
"use strict";

(() => {
  const form = document.querySelector('form[data-kind="rank"]');
  if (!form) return;
  const language = document.documentElement.lang || "en";
  const number = new Intl.NumberFormat(language === "fa" ? "fa-IR" : "en", { useGrouping: false });
  const boxes = [...form.querySelectorAll("input[data-mark]")];
  const list = form.querySelector("[data-ranking]");
  const template = form.querySelector("template[data-ranking-item]");
  const status = form.querySelector("[data-rank-say]");
  const warning = form.querySelector('[data-warn="same"]');
  const tiesAllowed = form.dataset.ties === "yes";
  const latin = (text) => text.replace(/[\s\u200c\u200e\u200f\u061c]/g, "").replace(/[\u06f0-\u06f9\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) % 16));
  const placeOf = (box) => (/^\d+$/.test(latin(box.value)) && Number(latin(box.value)) > 0 ? Number(latin(box.value)) : null);
  const title = (box) => box.dataset.title;
  const rows = new Map(boxes.map((box) => [box, makeRow(box)]));

  // Ranks from the best on, each the boxes that hold its number; gaps are closed, as the server closes them.
  function ranks() {
    const groups = new Map();
    for (const box of boxes) {
      const place = placeOf(box);
      if (place !== null) groups.set(place, [...(groups.get(place) ?? []), box]);
    }
    return [...groups.keys()].sort((a, b) => a - b).map((place) => groups.get(place));
  }

  function write(groups) {
    const places = new Map(groups.flatMap((group, index) => group.map((box) => [box, index + 1])));
    for (const box of boxes) {
      if (places.has(box)) box.value = number.format(places.get(box));
      else if (placeOf(box) !== null) box.value = "";
    }
    boxes[0].dispatchEvent(new Event("input", { bubbles: true }));
  }

  function say(text, box, groups) {
    const place = groups.findIndex((group) => group.includes(box)) + 1;
    const count = groups.flat().length;
    status.textContent = text.replace("{title}", title(box)).replace("{place}", number.format(place)).replace("{count}", number.format(count));
  }

  // Whoever shares a rank leaves it by one step; whoever has one alone changes places with the neighbour.
  function move(box, step) {
    const groups = ranks();
    const at = groups.findIndex((group) => group.includes(box));
    const shares = groups[at].length > 1;
    if (!shares && !groups[at + step]) {
      say(step < 0 ? list.dataset.sayFirst : list.dataset.sayLast, box, groups);
      return;
    }
    if (shares) {
      groups[at] = groups[at].filter((other) => other !== box);
      groups.splice(step < 0 ? at : at + 1, 0, [box]);
    } else {
      [groups[at], groups[at + step]] = [groups[at + step], groups[at]];
    }
    write(groups);
    say(list.dataset.sayMoved, box, ranks());
  }

  function takeOut(box) {
    write(ranks().map((group) => group.filter((other) => other !== box)).filter((group) => group.length));
    say(list.dataset.sayOut, box, ranks());
  }

  function makeRow(box) {
    const row = template.content.firstElementChild.cloneNode(true);
    row.querySelector(".ranking__title").textContent = title(box);
    for (const button of row.querySelectorAll("[data-move]")) {
      button.setAttribute("aria-label", button.dataset.label.replace("{title}", title(box)));
      button.addEventListener("click", () => {
        if (button.dataset.move === "up") move(box, -1);
        else if (button.dataset.move === "down") move(box, 1);
        else {
          const next = row.nextElementSibling ?? row.previousElementSibling;
          takeOut(box);
          (next ? next.querySelector('[data-move="out"]') : box).focus();
        }
      });
    }
    return row;
  }

  function show() {
    const groups = ranks();
    const focused = document.activeElement;
    const wanted = groups.flatMap((group, index) => group.map((box) => {
      const row = rows.get(box);
      row.querySelector(".ranking__place").textContent = number.format(index + 1);
      row.querySelector('[data-move="up"]').setAttribute("aria-disabled", String(group.length === 1 && index === 0));
      row.querySelector('[data-move="down"]').setAttribute("aria-disabled", String(group.length === 1 && index === groups.length - 1));
      return row;
    }));
    if (wanted.length !== list.children.length || wanted.some((row, index) => row !== list.children[index])) {
      list.replaceChildren(...wanted);
      if (list.contains(focused)) focused.focus();   // moving an element takes the focus from it
    }
    const clash = tiesAllowed ? [] : groups.filter((group) => group.length > 1).flat();
    warning.hidden = clash.length === 0;
    for (const box of boxes) {
      const toggle = box.closest(".option").querySelector("[data-rank-toggle]");
      toggle.hidden = false;
      toggle.querySelector("[data-rank-in]").hidden = placeOf(box) !== null;
      toggle.querySelector("[data-rank-out]").hidden = placeOf(box) === null;
      if (clash.includes(box)) {
        box.closest(".option").classList.add("is-faulty");
        box.setAttribute("aria-invalid", "true");
        const text = box.closest(".option").querySelector(".option__fault");
        if (text) text.hidden = false;
      }
    }
  }

  for (const box of boxes) {
    box.closest(".option").querySelector("[data-rank-toggle]").addEventListener("click", () => {
      if (placeOf(box) !== null) { takeOut(box); return; }
      write([...ranks(), [box]]);
      say(list.dataset.sayMoved, box, ranks());
    });
  }

  form.querySelector("[data-rank-plain]").hidden = true;
  form.querySelector("[data-rank-movable]").hidden = false;
  form.addEventListener("ballot:shown", show);
  show();
})();
