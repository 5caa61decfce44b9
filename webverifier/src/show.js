// What was found, for people: the verdict, the result, every check, and what was not checked.
import { download, el, icon, tech } from "./dom.js";
import { current, say, sayCheck, sayNote, sayNumber, sayPaperCheck } from "./i18n.js";

const KEY = { pass: "pass", fail: "fail", "cannot tell": "open" };
const WORST = ["fail", "open", "warn", "pass", "n/a"];

// A banner that says one thing in large words.
const banner = (kind, title, texts, id) => el("section", { class: `verdict is-${kind}`, "aria-labelledby": id },
  icon(kind), el("h2", { id, tabindex: "-1" }, title), el("div", { class: "stack" }, texts.filter(Boolean).map((text) => el("div", {}, text))));

const note = (text) => {
  const words = sayNote(text);
  return words === null ? el("li", {}, tech(text)) : el("li", {}, words);
};

const undecided = (answer) => answer.warnings.slice(answer.told ?? answer.warnings.length);

// The title of an option (or of the poll, "") in the reader's language, else in any.
const titleOf = (answer, id) => {
  const texts = answer.titles[`:${id}`];
  if (!texts) return id === "" ? null : el("span", {}, id);
  const language = current() in texts ? current() : Object.keys(texts)[0];
  return language === undefined ? el("span", {}, id) : el("bdi", { lang: language }, texts[language]);
};

const fact = (value, label) => el("div", {}, el("dt", {}, label), el("dd", {}, typeof value === "number" ? sayNumber(value) : value));

const result = (answer) => {
  const { poll, log } = answer;
  if (!poll.id) return null;
  const facts = [];
  if (poll.cast !== undefined) facts.push(fact(poll.cast, say("cast")), fact(poll.counted, say("counted")));
  if (log.size) facts.push(fact(log.size, say("entries")));
  if (poll.act) facts.push(fact(poll.act, say("act")));
  const parts = [el("h2", { id: "result" }, poll.winners ? say("result") : say("so_far"))];
  const title = titleOf(answer, "");
  if (title) parts.push(el("h3", {}, title));
  parts.push(el("dl", { class: "facts" }, facts));
  if (poll.winners) parts.push(...winners(answer));
  else parts.push(el("p", { class: "muted" }, ["published", "superseded"].includes(poll.state) ? say("not_shown") : say("no_result")));
  if (poll.draw) parts.push(el("p", { class: "small" }, say("draw"), ": ", el("bdi", {}, poll.draw)));
  if (poll.story?.length) {
    const lines = poll.story.map((line) => el("li", { class: "tech", lang: "en", dir: "ltr" }, line));
    parts.push(el("details", {}, el("summary", {}, say("story")),
      el("p", { class: "small" }, say("method"), ": ", el("code", { dir: "ltr" }, poll.method)), el("ol", { class: "plain story" }, lines)));
  }
  return el("section", { class: "panel stack", "aria-labelledby": "result" }, parts);
};

const winners = (answer) => {
  const { poll } = answer;
  const spends = "budget" in poll;
  if (!poll.winners.length) {
    return [el("p", {}, "quorum" in poll ? say("quorum", { quorum: sayNumber(poll.quorum) }) : say(spends ? "nothing_won" : "nobody_won"))];
  }
  const money = spends ? { spent: sayNumber(poll.spent), budget: sayNumber(poll.budget) } : {};
  return [
    el("p", {}, say(spends ? "funded" : "elected", money)),
    el("ol", { class: "plain winners" }, poll.winners.map((winner, i) => el("li", {},
      el("span", { class: "place", "aria-hidden": "true" }, sayNumber(i + 1)), el("strong", {}, titleOf(answer, winner.id)),
      "cost" in winner ? el("span", { class: "cost" }, sayNumber(winner.cost)) : null))),
  ];
};

// Checks by their number, each once: the worst that was found under its name, with all its technical lines.
const checks = (found, sentence = sayCheck) => {
  const byId = new Map();
  for (const check of found) byId.set(check.id, [...(byId.get(check.id) || []), check]);
  return [...byId].sort(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1))).map(([id, all]) => {
    const status = WORST.find((one) => all.some((check) => check.status === one));
    return el("li", { class: `check is-${status.replace("/", "")}`, "data-check": id, "data-status": status }, icon(status),
      el("p", { class: "check__head" }, el("strong", {}, sentence(id)), " ", el("span", { class: "check__state" }, say(`status_${status}`))),
      all.map((check) => tech(`${check.id} ${check.text}`)));
  });
};

const broken = ({ checks: all }) => {
  const ids = [...new Set(all.filter((check) => check.status === "fail").map((check) => check.id))];
  return ids.map((id) => say("not_so", { check: sayCheck(id) }));
};

const events = ({ poll }) => (poll.events?.length ? el("section", { class: "stack", "aria-labelledby": "events" },
  el("h2", { id: "events" }, say("events")), el("ul", { class: "list-notes" }, poll.events.map((event) => el("li", {}, tech(event))))) : null);

export const showAnswer = (answer, { onPaper }) => {
  const kind = KEY[answer.verdict];
  const reasons = undecided(answer).map((reason) => sayNote(reason) ?? say("broke", { reason }));
  const { titles, told, ...json } = answer;
  const save = () => download(`verification-${answer.poll.id || "poll"}.json`, JSON.stringify(json, null, 1) + "\n", "application/json");
  const notes = answer.warnings.slice(0, told ?? answer.warnings.length);
  return el("div", { class: "stack stack--loose", id: "answer", "data-verdict": answer.verdict },
    banner(kind, say(kind), [say(`${kind}_text`), ...(kind === "open" ? reasons : []), ...broken(answer)], "verdict"),
    result(answer),
    el("div", { class: "row no-print" },
      el("button", { class: "btn", type: "button", onclick: save }, icon("save"), say("save")),
      el("button", { class: "btn", type: "button", onclick: () => window.print() }, icon("print"), say("print"))),
    notes.length ? el("section", { class: "stack", "aria-labelledby": "notes" }, el("h2", { id: "notes" }, say("notes")),
      el("ul", { class: "list-notes" }, notes.map(note))) : null,
    answer.checks.length ? el("section", { class: "stack", "aria-labelledby": "checks" }, el("h2", { id: "checks" }, say("checks")),
      el("ul", { class: "plain checks" }, checks(answer.checks))) : null,
    events(answer),
    answer.log.size ? paperBox(onPaper) : null);
};

const paperBox = (onPaper) => {
  const file = el("input", { type: "file", id: "paper", onchange: () => file.files.length && onPaper(file.files[0]) });
  const drop = el("div", { class: "drop" }, el("label", { for: "paper" }, say("paper_label")), file);
  const over = (on) => (event) => {
    event.preventDefault();
    drop.classList.toggle("is-over", on);
  };
  drop.addEventListener("dragover", over(true));
  drop.addEventListener("dragleave", over(false));
  drop.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length) onPaper(event.dataTransfer.files[0]);
  });
  return el("section", { class: "stack no-print", "aria-labelledby": "own" }, el("h2", { id: "own" }, say("paper")),
    el("p", { class: "measure" }, say("paper_text")), drop, el("div", { id: "paper-answer", role: "status" }));
};

const words = (all) => (all.length ? el("ul", {}, all.map((word) => el("li", {}, el("bdi", {}, word)))) : null);

// The answer about a file in hand.
export const showPaper = (report) => {
  const { poll, verdict } = report;
  const kind = KEY[verdict];
  const texts = [];
  let title = say("paper_in");
  if (kind === "fail") {
    title = poll.kind ? say("paper_fail") : say("paper_bad");
    texts.push(say(poll.kind ? "paper_fail_text" : "paper_bad_text"));
  } else if (kind === "open") {
    title = say("paper_open");
    texts.push(...report.warnings.map((reason) => sayNote(reason) ?? reason), poll.due ? say("paper_due", { due: poll.due }) : null);
  } else if (poll.kind === "place") {
    title = say("place_in");
    texts.push(poll.other ? say("place_other", { poll: poll.id }) : poll.voted === undefined ? say("place_unknown") : say(poll.voted ? "place_marked" : "place_unmarked"));
    if (poll.voted !== undefined) texts.push(say("place_wrong"));
  } else {
    texts.push(say("paper_in_text", { index: sayNumber(poll.index), bid: poll.bid }));
    if (poll.hidden) texts.push(say("paper_hidden"));
    else texts.push([`${say("paper_says")} ${poll.words.length ? "" : say("paper_blank")}`, words(poll.words)]);
    texts.push(poll.replaced ? say("paper_replaced") : null, poll.voided ? say("paper_voided") : null, say("paper_wrong"));
  }
  return el("div", { class: "stack", "data-verdict": verdict }, banner(kind, title, texts, "paper-verdict"),
    el("ul", { class: "plain checks" }, checks(report.checks, sayPaperCheck)));
};
