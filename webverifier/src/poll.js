// The entries of one poll, sorted by what they are. The order among them is C8's business.
import { groupBallots } from "../count/index.js";
import { MAX_NOTE, Missing, Problem, hexhash, plain } from "./bytes.js";
import { isObject, parseCanonical } from "./canonical.js";
import { moment } from "./report.js";

export class Poll {
  constructor(log, name) {
    this.log = log;
    this.name = name;
    this.entries = log.ofPoll(name);
    this.byKind = new Map(); // type -> those of this type
    for (const one of this.entries) {
      if (!this.byKind.has(one.entry.type)) this.byKind.set(one.entry.type, []);
      this.byKind.get(one.entry.type).push(one);
    }
    this.casts = this.all("ballot.cast").map(({ index, d }) => ({ index, ...d, voidedAt: Infinity, againAt: Infinity }));
    this.byBid = new Map(this.casts.map((cast) => [cast.bid, cast]));
    this.voids = this.all("ballot.voided");
    this.tallies = this.all("tally.published");
    this.openings = new Map(); // receipt number -> what the commitment hid
    this.results = [];
    this.texts = new Map(); // index and field of an entry -> text by language
    this.titles = new Map(); // id of an option, "" for the poll -> text by language
    const last = new Map();
    for (const cast of this.casts) {
      if (last.has(cast.cred)) last.get(cast.cred).againAt = cast.index;
      last.set(cast.cred, cast);
    }
    for (const { index, d } of this.voids) {
      const cast = this.byBid.get(d.bid);
      if (cast) cast.voidedAt = Math.min(cast.voidedAt, index);
    }
    this.credentials = last.size;
  }

  // The poll's entries of this type, in order.
  all(kind) {
    return this.byKind.get(kind) || [];
  }

  first(kind) {
    return this.all(kind)[0] || null;
  }

  one(kind) {
    const found = this.first(kind);
    if (!found) throw new Problem("C8", `the poll has no ${kind}`);
    return found;
  }

  // The configuration as it was last amended.
  get config() {
    return (this.all("poll.amended").at(-1) || this.one("poll.created")).d;
  }

  get sealed() {
    return this.config.ballots === "sealed";
  }

  get ids() {
    return this.config.options.map((option) => option.id);
  }

  // The ballots that count, as far as the entries before `index` say.
  countedAt(index) {
    return this.casts.filter((cast) => cast.againAt === Infinity && cast.voidedAt >= index);
  }

  // { counted, replaced, voided }: how many ballots are what, by the entries before `index`.
  sumsAt(index) {
    const voided = this.casts.filter((cast) => cast.voidedAt < index).length;
    const counted = this.countedAt(index).length;
    return { counted, replaced: this.casts.length - voided - counted, voided };
  }

  groupsAt(index) {
    const { sealed } = this;
    const said = this.countedAt(index).map((cast) => (sealed ? this.openings.get(cast.bid) : cast.b));
    return groupBallots(said.filter((b) => b !== undefined)); // what was not opened is not there
  }

  get kinds() {
    return new Set(this.byKind.keys());
  }

  get state() {
    const kinds = this.kinds;
    if (this.tallies.length) {
      const current = this.tallies.at(-1).index;
      return this.all("tally.superseded").some(({ index }) => index > current) ? "superseded" : "published";
    }
    if (kinds.has("poll.closed") || !kinds.has("poll.opened")) return kinds.has("poll.closed") ? "closed" : "not open yet";
    return this.all("poll.paused").length > this.all("poll.resumed").length ? "paused" : "still open";
  }
}

// The text of a salted blob by language, or null (with a warning) where it was erased.
export const blobText = async (poll, name, what, report) => {
  let data;
  try {
    data = await poll.log.source.read("blob/" + name, MAX_NOTE);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    if (poll.log.entries.some((entry) => entry.type === "erasure.recorded" && entry.d.target === name)) {
      report.warn(`${what} was erased, as the log records; nothing counted depends on it`);
    } else if (poll.log.closed) {
      report.warn(`${what} is no longer served, and this log, which is closed, records no erasure of it; nothing counted depends on it`);
    } else {
      throw new Problem("C6", `${what} is not served, and the log records no erasure of it (${name.slice(0, 16)}…)`);
    }
    return null;
  }
  if (data.length > MAX_NOTE || hexhash(data) !== name) {
    throw new Problem("C6", `the bytes of ${what} do not have the SHA-256 that the log names (${name.slice(0, 16)}…)`);
  }
  const texts = parseCanonical(data.subarray(16), "C6", what, MAX_NOTE);
  if (!isObject(texts) || !Object.values(texts).every((text) => typeof text === "string")) {
    throw new Problem("C6", `${what} is not a text by language`);
  }
  return texts;
};

// One text of several languages in one line, as reports have it.
export const joined = (texts) => (texts ? plain(Object.keys(texts).sort().map((language) => texts[language]).join(" / ")) : "");

const TEXTS = new Map([["text_sha256", "the text"], ["rule_sha256", "the rule"], ["evidence_sha256", "the grounds"]]);

// C6 for the texts. Fills in the titles, and under `<index> <field>` the other texts.
export const checkTexts = async (poll, report) => {
  const seen = new Map(), further = new Set();
  const look = async (name, what) => {
    if (!seen.has(name)) seen.set(name, await blobText(poll, name, what, report));
    return seen.get(name);
  };
  for (const { entry, index } of poll.entries) {
    const { d, type } = entry;
    if (type === "ballot.cast") continue;
    if (type === "poll.created" || type === "poll.amended") {
      poll.titles.set("", await look(d.title_sha256, "the poll's title"));
      for (const option of d.options) poll.titles.set(option.id, await look(option.title_sha256, `the title of ${option.id}`));
    }
    for (const [field, what] of TEXTS) {
      if (!(field in d)) continue;
      poll.texts.set(`${index} ${field}`, await look(d[field], `${what} of entry ${index} (${type})`));
      further.add(d[field]);
    }
  }
  return `texts (${poll.config.options.length} titles and ${further.size} further texts as the log names them)`;
};

const TOLD = [
  "poll.amended", "roll.changed", "ballot.voided", "poll.extended", "poll.paused", "poll.resumed", "tally.superseded",
  "objection.filed", "objection.answered", "incident.declared",
];

// The acts of officials and the objections, a sentence each.
const isTold = ({ entry, d }) => TOLD.includes(entry.type) || d.reason === "by_hand";
export const tellEvents = (poll) => poll.entries.filter(isTold).map(({ index, t, d, entry }) => {
  const what = {
    "ballot.voided": `${d.bid} (${d.reason_code})`, "poll.extended": `to ${moment(d.closes_at ?? 0)}`,
    "roll.changed": `${d.added_count} places added`, "tally.superseded": `act ${d.act}`, "objection.filed": d.objection,
    "objection.answered": `${d.objection} (${d.finding})`, "incident.declared": d.code,
    "poll.closed": "by hand",
  }[entry.type] ?? "";
  const why = ["text_sha256", "evidence_sha256"].map((field) => joined(poll.texts.get(`${index} ${field}`))).filter(Boolean).join(" ");
  return plain(`${moment(t)} ${entry.type} ${what}`.trimEnd() + (why ? `: ${why}` : ""));
});
