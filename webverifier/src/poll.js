// The entries of one poll, sorted by what they are. The order among them is C8's business.
import { groupBallots } from "../count/index.js";
import { MAX_NOTE, Missing, Problem, hexhash, plain } from "./bytes.js";
import { isObject, parseCanonical } from "./canonical.js";

export class Poll {
  constructor(log, name) {
    this.log = log;
    this.name = name;
    this.entries = log.ofPoll(name);
    this.byKind = new Map(); // type -> [{ index, n, t, d }]
    for (const { index, entry } of this.entries) {
      if (!this.byKind.has(entry.type)) this.byKind.set(entry.type, []);
      this.byKind.get(entry.type).push({ index, n: entry.n, t: entry.t, d: entry.d });
    }
    this.casts = this.all("ballot.cast").map(({ index, d }) => ({ index, ...d, voidedAt: Infinity, againAt: Infinity }));
    this.byBid = new Map(this.casts.map((cast) => [cast.bid, cast]));
    this.voids = this.all("ballot.voided");
    this.tallies = this.all("tally.published");
    this.openings = new Map(); // receipt number -> what the commitment hid
    this.results = [];
    this.titles = new Map(); // id of an option, "" for the poll -> text by language
    const last = new Map();
    for (const cast of this.casts) {
      if (last.has(cast.cred)) last.get(cast.cred).againAt = cast.index;
      last.set(cast.cred, cast);
    }
    for (const { index, d } of this.voids) {
      const cast = this.byBid.get(d.bid);
      if (cast && cast.index < index) cast.voidedAt = Math.min(cast.voidedAt, index);
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

  // The ballots that count, by the entries before `index`.
  countedAt(index) {
    return this.casts.filter((cast) => cast.index < index && cast.voidedAt > index && cast.againAt > index);
  }

  // { counted, replaced, voided }: how many ballots are what, by the entries before `index`.
  sumsAt(index) {
    const voided = this.casts.filter((cast) => cast.voidedAt < index).length;
    const counted = this.countedAt(index).length;
    return { counted, replaced: this.casts.length - voided - counted, voided };
  }

  groupsAt(index) {
    const { sealed } = this;
    return groupBallots(this.countedAt(index).map((cast) => (sealed ? this.openings.get(cast.bid) : cast.b)));
  }

  get kinds() {
    return new Set(this.byKind.keys());
  }

  get state() {
    const kinds = this.kinds;
    if (this.tallies.length) {
      const current = this.tallies.at(-1).index;
      const shaken = [...this.voids, ...this.all("tally.superseded")].some(({ index }) => index > current);
      return shaken ? "being corrected" : "published";
    }
    return kinds.has("poll.closed") ? "closed" : kinds.has("poll.opened") ? "still open" : "not open yet";
  }
}

// The text of a salted blob by language, or null (with a warning) where it was erased.
export const blobText = async (poll, name, what, report) => {
  let data;
  try {
    data = await poll.log.source.read("blob/" + name, MAX_NOTE);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    const erased = poll.log.entries.some((entry) => entry.type === "erasure.recorded" && entry.d.target === name);
    report.warn(erased ? `${what} was erased, and the log says so; nothing counted depends on it`
      : `${what} is no longer served (it may have been erased); nothing counted depends on it`);
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

const TEXTS = ["title_sha256", "text_sha256", "rule_sha256", "evidence_sha256"];

export const checkTexts = async (poll, report) => {
  let count = 0;
  for (const { entry, index } of poll.entries) {
    for (const field of TEXTS) {
      if (!(field in entry.d)) continue;
      const config = field === "title_sha256";
      const what = config ? "the poll's title" : `the text of entry ${index} (${entry.type})`;
      const texts = await blobText(poll, entry.d[field], what, report);
      if (texts && !config && !Object.keys(texts).length) throw new Problem("C6", `${what} is empty`);
      if (config) poll.titles.set("", texts);
      count += 1;
    }
    for (const option of entry.d.options || []) {
      poll.titles.set(option.id, await blobText(poll, option.title_sha256, `the title of ${option.id}`, report));
      count += 1;
    }
  }
  return `texts (${count} as the log names them)`;
};
