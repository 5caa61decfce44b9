// The page: what to check and where it is, progress, and the answer. All checking happens in a worker.
import { el, icon, mark } from "./dom.js";
import { LANGUAGES, current, say, sayNumber, setLanguage } from "./i18n.js";
import { showAnswer, showPaper } from "./show.js";

const asked = new URLSearchParams(`${location.search.slice(1)}&${location.hash.slice(1)}`);
const served = location.protocol === "http:" || location.protocol === "https:";
const state = { source: served ? "here" : "zip", answer: null, paper: null, worker: null };

const input = (id, attributes = {}) => el("input", { id, class: "input", autocomplete: "off", autocapitalize: "none", spellcheck: "false", ...attributes });
const picker = (id, attributes = {}) => el("input", { type: "file", id, ...attributes });
// Made once, so that what was typed and picked outlives a change of language; and not in the worker, which has no page.
let fields, live, bar, count, progress, answer;
const make = () => {
  fields = {
    address: input("address", { type: "url", inputmode: "url" }),
    poll: input("poll", { class: "input input--short" }),
    vkey: el("textarea", { id: "vkey", class: "input", rows: "2", spellcheck: "false" }),
    policy: picker("policy"),
    zip: picker("zip", { accept: ".zip,application/zip" }),
    folder: picker("folder", { webkitdirectory: true }),
  };
  live = el("p", { id: "live", class: "small muted", "aria-live": "polite" });
  bar = el("progress", { id: "bar", max: "1", "aria-labelledby": "live" });
  count = el("p", { class: "small muted" });
  progress = el("div", { class: "stack", hidden: true }, bar, count);
  answer = el("div", { id: "found" });
};

const field = (id, hint, control = fields[id]) => {
  control.setAttribute("aria-describedby", `${id}-hint`);
  return el("div", { class: "field" }, el("label", { for: id }, say(id)), control, el("p", { class: "hint", id: `${id}-hint` }, say(hint)));
};

const choice = (source, label) => {
  const radio = el("input", { type: "radio", name: "source", value: source, onchange: () => {
    state.source = source;
    draw();
    document.querySelector(`input[value="${source}"]`).focus();
  } });
  radio.checked = state.source === source;
  return el("label", { class: "choice" }, radio, el("span", {}, say(label)));
};

const form = () => {
  const where = { address: ["address_hint"], zip: ["zip_hint"], folder: ["folder_hint"] }[state.source];
  return el("form", { class: "panel", novalidate: true, onsubmit: start, "aria-labelledby": "what" },
    el("h2", { id: "what" }, say("what")),
    el("fieldset", { class: "field" }, el("legend", {}, say("source")), el("div", { class: "choices" },
      served ? choice("here", "from_here") : null, choice("address", "from_address"), choice("zip", "from_zip"), choice("folder", "from_folder"))),
    where ? field(state.source, where[0]) : null,
    field("poll", state.source === "zip" ? "poll_hint_zip" : "poll_hint"),
    el("details", {}, el("summary", {}, say("more")), el("div", { class: "fields" }, el("p", { class: "small measure" }, say("more_text")),
      el("div", { class: "field" }, el("label", { for: "vkey" }, say("vkey")), fields.vkey), field("policy", "policy_hint"))),
    el("p", { class: "notice", id: "trouble", role: "alert", hidden: true }),
    el("div", {}, el("button", { class: "btn btn--primary", id: "start" }, say(state.answer ? "again" : "start"))));
};

const trouble = (text) => {
  const box = document.getElementById("trouble");
  box.textContent = text;
  box.hidden = false;
};

const task = () => {
  const poll = fields.poll.value.trim();
  const vkeys = fields.vkey.value.split("\n").map((line) => line.trim()).filter(Boolean);
  const common = { poll, vkeys, policy: fields.policy.files[0] || null };
  if (state.source === "zip" || state.source === "folder") {
    const { files } = fields[state.source];
    return files.length ? { ...common, picked: [...files], paths: [...files].map((file) => file.webkitRelativePath) } : say("need_file");
  }
  if (!poll) return say("need_poll");
  if (state.source === "here") return { ...common, address: new URL("/", location.href).href };
  const address = fields.address.value.trim();
  return /^https?:\/\/./.test(address) ? { ...common, address } : say("need_address");
};

const start = (event) => {
  event.preventDefault();
  const wanted = task();
  if (typeof wanted === "string") return trouble(wanted);
  document.getElementById("trouble").hidden = true;
  document.getElementById("start").disabled = true;
  state.answer = state.paper = null;
  answer.replaceChildren();
  progress.hidden = false;
  bar.removeAttribute("value");
  live.textContent = say("step_wait");
  count.textContent = "";
  state.worker?.terminate();
  state.worker = newWorker();
  state.worker.postMessage(wanted);
};

// The worker runs this very script; it sees that it has no document, and serves.
const newWorker = () => {
  const source = new Blob([document.getElementById("program").textContent], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(source));
  worker.onmessage = ({ data }) => {
    if (data.progress) tell(data.progress);
    else if (data.answer) found(data.answer);
    else if (data.paper) paperFound(data.paper);
  };
  worker.onerror = (error) => found({
    verdict: "cannot tell", checks: [], log: {}, poll: {}, warnings: [error.message || "the browser stopped the check"], told: 0, titles: {},
  });
  return worker;
};

const tell = ({ step, done, of }) => {
  bar.max = of || 1;
  bar.value = done;
  count.textContent = say("progress", { step: say(`step_${step}`), done: sayNumber(done), of: sayNumber(of) });
  // Whoever listens hears each step once, not every number of it.
  if (live.dataset.step !== step) live.textContent = say(`step_${step}`);
  live.dataset.step = step;
};

const found = (result) => {
  state.answer = result;
  progress.hidden = true;
  live.textContent = say("done", { verdict: say({ pass: "pass", fail: "fail" }[result.verdict] || "open") });
  draw();
  document.getElementById("verdict").focus();
};

const paperFound = (report) => {
  state.paper = report;
  const box = document.getElementById("paper-answer");
  box.replaceChildren(showPaper(report));
  document.getElementById("paper-verdict").focus();
};

const about = () => el("section", { class: "stack measure", "aria-labelledby": "self" }, el("h2", { id: "self" }, say("self")),
  el("p", {}, say("self_text")), el("p", {}, say("self_how"), " ", el("code", { dir: "ltr" }, "sha256sum verifier.html")), el("p", {}, say("python")),
  served ? el("p", {}, el("a", { class: "btn", href: "verifier.html?download", download: "verifier.html" }, icon("save"), say("download"))) : null);

const switchLanguage = () => {
  setLanguage(LANGUAGES.find((language) => language !== current()));
  live.textContent = count.textContent = "";
  draw();
  document.getElementById("language").focus();
};

const draw = () => {
  const root = document.documentElement;
  root.lang = current();
  root.dir = current() === "fa" ? "rtl" : "ltr";
  document.title = say("title");
  const open = document.querySelector("form details")?.open;
  answer.replaceChildren(...(state.answer ? [showAnswer(state.answer, { onPaper: (paper) => state.worker.postMessage({ paper }) })] : []));
  const other = LANGUAGES.find((language) => language !== current());
  document.getElementById("page")?.remove();
  document.body.append(el("div", { id: "page" },
    el("a", { class: "skip", href: "#main" }, say("skip")),
    el("header", { class: "top no-print" }, el("div", { class: "container" }, el("span", { class: "brand" }, mark(), say("brand")),
      el("button", { class: "btn", id: "language", type: "button", lang: other, onclick: switchLanguage }, say("other")))),
    el("main", { id: "main", tabindex: "-1" }, el("div", { class: "container stack stack--loose" },
      el("div", { class: "stack" }, el("h1", {}, say("heading")), el("p", { class: "lead" }, say("lead"))),
      form(), el("div", { class: "stack" }, progress, live), answer)),
    el("footer", { class: "end no-print" }, el("div", { class: "container" }, about()))));
  if (open) document.querySelector("form details").open = true;
  if (state.paper && state.answer?.log.size) document.getElementById("paper-answer").append(showPaper(state.paper));
};

export const run = () => {
  const wanted = asked.get("lang") || navigator.language.slice(0, 2);
  setLanguage(LANGUAGES.includes(wanted) ? wanted : "en");
  make();
  fields.poll.value = asked.get("poll") || "";
  if (asked.get("address")) {
    fields.address.value = asked.get("address");
    state.source = "address";
  }
  draw();
};
