// Receipts. On "Find my ballot": the number behind the # of the address, which no server sees, goes into the form.
// On the page of a sealed ballot: opens the seal with the file that the voter saved. Nothing of that file leaves the device.
"use strict";

(() => {
  const find = document.querySelector("form[data-receipt-find]");
  const number = decodeURIComponent(location.hash.slice(1)).replace(/[^0-9a-f]/gi, "").toLowerCase();
  if (find && /^[0-9a-f]{32}$/.test(number)) {
    find.elements.bid.value = number;
    history.replaceState(null, "", location.pathname);   // the number does not stay in the history of the device
    find.requestSubmit();
  }

  const seal = document.querySelector("[data-seal]");
  if (!seal || !globalThis.crypto?.subtle) return;       // without it the form asks the server, as without JavaScript
  const form = seal.querySelector("[data-seal-form]"), answer = seal.querySelector("[data-seal-answer]");
  const titles = JSON.parse(document.getElementById("option-titles").textContent);
  const figures = new Intl.NumberFormat(document.documentElement.lang === "fa" ? "fa-IR" : "en");
  for (const part of seal.querySelectorAll("[data-seal-plain]")) part.hidden = true;
  for (const part of seal.querySelectorAll("[data-seal-here]")) part.hidden = false;

  const text = new TextEncoder();
  const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const u32 = (value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
  const sized = (part) => [...u32(part.length), ...part];
  const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  const hex = (data) => [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const isHex = (value, length) => typeof value === "string" && value.length === length && /^[0-9a-f]+$/.test(value);

  // Canonical JSON, for what receipts hold: objects, lists, plain strings and whole numbers.
  function canonical(value) {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (typeof value === "string") return JSON.stringify(value);
    if (Number.isSafeInteger(value)) return String(value);
    if (typeof value !== "object" || value === null) throw new TypeError("not in a receipt");
    return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
  }

  // docs/reference/vote-log.md, Commitments
  async function commitment(file) {
    const data = [
      ...text.encode("votelog/v1/ballot-commit\0"), ...sized(text.encode(file.poll)), ...sized(bytes(file.d.cred)),
      ...u32(file.d.rev), ...sized(bytes(file.nonce)), ...sized(text.encode(canonical(file.b))),
    ];
    return hex(await sha256(new Uint8Array(data)));
  }

  const promised = async (file) => file.promise.split("\n")[2] === btoa(String.fromCharCode(...await sha256(text.encode(canonical(file.d)))));

  // What a ballot says, line by line.
  function lines(b) {
    const marks = b[seal.dataset.kind];
    const title = (key) => titles[key] ?? key;
    if (seal.dataset.kind === "approve") return marks.map(title);
    if (seal.dataset.kind === "rank") return marks.map((rank, place) => `${figures.format(place + 1)}. ${rank.map(title).join(" = ")}`);
    return Object.entries(marks).map(([key, points]) => `${title(key)}: ${figures.format(points)}`);
  }

  function say(word, said = []) {
    const words = seal.querySelector(`[data-seal-words="${word}"]`).content.cloneNode(true);
    const list = words.querySelector("[data-seal-lines]");
    if (list) {
      list.append(...said.map((line) => {
        const item = document.createElement("li");
        item.dir = "auto";
        item.textContent = line;
        return item;
      }));
      words.querySelector("[data-seal-blank]").hidden = said.length > 0;
    }
    answer.replaceChildren(words);
  }

  async function check(content) {
    let file, said;
    try {
      file = JSON.parse(content.replace(/^\ufeff/, ""));
      said = lines(file.b);
      if (!isHex(file.nonce, 64) || !isHex(file.d.c, 64) || !isHex(file.d.cred, 64) || !Number.isSafeInteger(file.d.rev)) throw new TypeError();
    } catch { say("unreadable"); return; }
    if (file.poll !== seal.dataset.poll || file.d.bid !== seal.dataset.bid) { say("other"); return; }
    const lying = seal.dataset.commitment || file.d.c;
    try {
      say(lying === file.d.c && lying === await commitment(file) && await promised(file) ? "yes" : "no", said);
    } catch { say("no"); }
  }

  async function take(file) {
    if (!file) return;
    try {
      if (file.size > 65536) throw new RangeError();
      await check(await file.text());
    } catch { say("unreadable"); }                        // too long for a receipt, or it cannot be read at all
  }

  form.addEventListener("submit", (event) => { event.preventDefault(); take(form.elements.file.files[0]); });
  form.elements.file.addEventListener("click", () => { form.elements.file.value = ""; });   // the same file may be chosen again
  form.elements.file.addEventListener("change", () => take(form.elements.file.files[0]));
  seal.addEventListener("dragover", (event) => event.preventDefault());
  seal.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); });
  document.addEventListener("paste", (event) => {
    const pasted = event.clipboardData.getData("text");
    if (pasted.trimStart().startsWith("{")) check(pasted);
  });
})();
