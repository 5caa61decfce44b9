// Every type of entry with its fields, as docs/reference/vote-log.md has them.
import { Problem, hexhash, plain, utf8 } from "./bytes.js";
import { CONFIG, DRAND, PUBLIC_ID, TALLY, checkConfig } from "./config.js";
import { canonical, isObject, parseCanonical } from "./canonical.js";
import { either, fields, hash, isWord, list, oneOf, pseudonym, text, that, whole, word } from "./shape.js";

const actors = list(pseudonym);
const nothing = that((value) => Array.isArray(value) && !value.length);
const origin = word;
const points = that((value) => isObject(value) && Object.values(value).every(Number.isInteger));
export const ballot = either({ approve: list(text) }, { rank: list(list(text)) }, { score: points }, { alloc: points });
const cast = { bid: pseudonym, cred: hash, rev: whole(0), "origin?": oneOf("import") };
const act = {
  tally: TALLY, act: whole(1), ballots_root: hash, ballots_sha256: hash, counted: whole(0), replaced: whole(0), voided: whole(0),
  invalid: whole(0), result_sha256: hash,
};
const closed = { ballots: whole(0), last_n: whole(0), ballots_sha256: hash };
const object = { object_sha256: hash, actor: pseudonym };

// Types of the log as a whole (`poll` is ""), of a poll, and of either.
const INSTANCE = {
  "log.opened": {
    origin, vkey: word, receipt_vkey: word, software: { name: word, version: word, commit: text },
    "prev?": { origin, size: whole(1), root: hash },
  },
  "log.closed": { next_origin: origin },
  "config.changed": { scope: word, key: word, old_sha256: hash, new_sha256: hash, "public_value?": that(() => true), actors },
  "erasure.recorded": { target: hash, basis_code: oneOf("consent_withdrawn", "legal_order", "content_removed"), actors },
  "moderation.action": { ...object, action: oneOf("hide", "restore"), rule: word },
  "staff.action": { ...object, action: word },
};
const EITHER = {
  "incident.declared": {
    code: oneOf("data_loss", "key_compromise", "outage", "wrong_information", "other"), text_sha256: hash, actors,
  },
};
const POLL = {
  "poll.created": CONFIG,
  "poll.amended": { ...CONFIG, text_sha256: hash, actors },
  "roll.committed": { roll: word, count: whole(0), root: hash, rule_sha256: hash },
  "credentials.committed": { count: whole(0), root: hash, blob_sha256: hash },
  "roll.changed": {
    roll: word, added_count: whole(1), added_root: hash, removed: nothing, text_sha256: hash, actors,
  },
  "poll.opened": { config: hash, roll: hash },
  "ballot.cast": either({ ...cast, b: ballot }, { ...cast, c: hash }),
  "intake.summary": { accepted: whole(1), voters: whole(1) },
  "ballot.voided": {
    bid: pseudonym, reason_code: oneOf("cast_by_another", "double_identity", "not_eligible", "court_order", "technical_fault"),
    rule_sha256: hash, evidence_sha256: hash, actors,
  },
  "poll.extended": { closes_at: whole(0), text_sha256: hash, actors },
  "poll.paused": { text_sha256: hash, actors },
  "poll.resumed": { text_sha256: hash, actors },
  "poll.closed": either(
    { reason: oneOf("scheduled"), ...closed }, { reason: oneOf("by_hand"), ...closed, text_sha256: hash, actors },
  ),
  "openings.published": { count: whole(0), sha256: hash, bytes: whole(0, 2 ** 28) },
  "participation.published": { roll: word, used: whole(0), bitmap_sha256: hash },
  "tally.published": either({ ...act, nonce: hash }, { ...act, draw_sha256: hash }, { ...act, drand: DRAND }),
  "tally.superseded": { act: whole(1), text_sha256: hash, actors },
  "objection.filed": { objection: PUBLIC_ID, text_sha256: hash },
  "objection.answered": {
    objection: PUBLIC_ID, finding: oneOf("upheld", "partly", "rejected"), text_sha256: hash, actor: pseudonym,
  },
};
const compiled = (types) => Object.entries(types).map(([name, spec]) => [name, typeof spec === "function" ? spec : fields(spec)]);
const SPECS = new Map([...compiled(INSTANCE), ...compiled(EITHER), ...compiled(POLL)]);
const anything = that(() => true);
const pollName = that((value) => value === "" || isWord(value));
const FRAME = { d: anything, n: whole(0), poll: pollName, prev: hash, type: text, v: oneOf(1) };
const untimed = fields(FRAME), timed = fields({ ...FRAME, t: whole(0) });

export const ballotLine = fields({ b: ballot, bid: pseudonym, nonce: hash });

// One entry, its envelope and fields checked (C6). Its chain and its place among others are not.
export const parseEntry = (raw, index) => {
  const entry = parseCanonical(raw, "C6", `entry ${index}`);
  const kind = isObject(entry) ? entry.type : null;
  if (typeof kind !== "string" || !SPECS.has(kind)) {
    throw new Problem("C6", `entry ${index} has a type that this program does not know: ${plain(kind)}`);
  }
  const where = `entry ${index} (${kind})`;
  (kind === "ballot.cast" ? untimed : timed)(entry, where);
  SPECS.get(kind)(entry.d, where);
  if ((kind === "log.opened") !== (index === 0)) throw new Problem("C6", `${where}: log.opened is the first entry, and only that`);
  if (kind in POLL ? entry.poll === "" : kind in INSTANCE && entry.poll !== "") {
    throw new Problem("C6", `${where} ${kind in POLL ? "names no poll" : "names a poll, and its type belongs to none"}`);
  }
  if (kind === "poll.created" || kind === "poll.amended") checkConfig(entry.d, where);
  if (kind === "config.changed" && entry.d.scope === "software") checkSoftware(entry.d, where);
  return entry;
};

// What the sequencer writes when it starts under other software: the release itself stands beside its hash.
const checkSoftware = (d, where) => {
  if (!["release", "assets"].includes(d.key)) throw new Problem("C6", `${where} has a key that is not known in the scope software`);
  if (d.key === "release") {
    const value = d.public_value ?? null;
    if (hexhash(typeof value === "string" ? utf8(value) : canonical(value)) !== d.new_sha256) {
      throw new Problem("C6", `${where} does not show the release that its hash names`);
    }
  }
};
