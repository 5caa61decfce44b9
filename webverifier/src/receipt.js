// What a person holds in hand, checked against a log that was read: a receipt, a promise, a tlog-proof, a place on the roll (C20).
import {
  CannotTell, MAX_ENTRY, MAX_NOTE, Problem, concat, equal, grouped, plain, sha256, unbase64, unhex, untext, utf8,
} from "./bytes.js";
import { commitment, hasCast } from "./ballots.js";
import { canonical, canonicalText, isObject } from "./canonical.js";
import { ballot as ballotShape, parseEntry } from "./entries.js";
import { parseCheckpoint, parseNote, verifyNote } from "./note.js";
import { Poll, checkTexts, joined } from "./poll.js";
import { Report, moment } from "./report.js";
import { digits, fields, list, oneOf, pseudonym, text, that, whole, word } from "./shape.js";
import { Web } from "./source.js";
import { checkInclusion, leafHash, treeRoot } from "./tree.js";

export const MAX_PAPER = MAX_NOTE + 4 * MAX_ENTRY;
const PROOF = "c2sp.org/tlog-proof@v1";
const RECEIPT = fields({
  v: oneOf(1), poll: word, d: that(isObject), b: ballotShape, "nonce?": digits(64), promise: text,
});
const PLACE = fields({
  v: oneOf(1), poll: word, roll: word, index: whole(0), count: whole(1), salt: pseudonym, uid: pseudonym, hashes: list(digits(64)),
  "batch?": whole(1),
});

// A Report with C20, and with what the file says in report.poll. `loaded`: { log, poll, report } as verifyPoll left it, and in
// `bundled` the poll that a bundle was made for, where it was one.
export const checkPaper = async (raw, loaded, given) => {
  const report = new Report();
  let held = null, kind = "";
  await report.run("C20", () => {
    [kind, held] = read(raw);
    return `the file is a ${kind}`;
  });
  if (!held) return report;
  report.poll.kind = kind;
  if (!loaded?.log?.root || loaded.report.checks.some((c) => /^C[1-7]$/.test(c.id) && ["fail", "open"].includes(c.status))) {
    report.undecided.push("the log was not read, or did not pass its own checks, so nothing can be compared with it");
    return report;
  }
  const check = { receipt: checkPromise, promise: checkPromise, proof: checkProof, place: checkPlace }[kind];
  await check(held, { ...loaded, given }, report);
  return report;
};

const read = (raw) => {
  const fail = (reason) => {
    throw new Problem("C20", reason);
  };
  if (raw.length > MAX_PAPER) fail("the file is too long to be a receipt");
  let written;
  try {
    written = untext(raw);
  } catch {
    fail("the file is not text");
  }
  if (written.startsWith(PROOF)) return ["proof", readProof(written)];
  if (!written.trimStart().startsWith("{")) return ["promise", { promise: readPromise(utf8(written)) }];
  let value;
  try {
    value = JSON.parse(written);
    canonicalText(value);
  } catch {
    fail("the file is not readable JSON");
  }
  const place = isObject(value) && "uid" in value;
  try {
    (place ? PLACE : RECEIPT)(value, `the ${place ? "place" : "receipt"}`);
  } catch (error) {
    fail(error.message);
  }
  return place ? ["place", value] : ["receipt", { ...value, promise: readPromise(utf8(value.promise)) }];
};

const readPromise = (raw) => {
  const note = parseNote(raw, "C20");
  const lines = note.text.slice(0, -1).split("\n");
  const deadline = lines.length === 4 && /^deadline (0|[1-9][0-9]{0,15})$/.exec(lines[3]);
  if (!deadline || lines[1] !== "ballot.cast" || !lines[0].endsWith("/receipt")) {
    throw new Problem("C20", "the file is neither a receipt, a promise, a proof nor a place");
  }
  const hash = unbase64(lines[2], "C20", "the hash of the ballot");
  if (hash.length !== 32) throw new Problem("C20", "the hash of the ballot is not 32 bytes");
  return { note, name: lines[0], hash, deadline: Number(deadline[1]) };
};

const readProof = (written) => {
  const gap = written.indexOf("\n\n");
  const lines = written.slice(0, Math.max(gap, 0)).split("\n");
  if (gap === -1 || lines.length < 3 || lines[0] !== PROOF || !lines[1].startsWith("extra ")) {
    throw new Problem("C20", "the file is not a tlog-proof with an entry in it");
  }
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(lines[2]);
  const hashes = lines.slice(3).map((line) => unbase64(line, "C20", "a hash of the proof"));
  if (!index || hashes.length > 63 || hashes.some((hash) => hash.length !== 32)) {
    throw new Problem("C20", "the proof's index or hashes are malformed");
  }
  const entry = unbase64(lines[1].slice(6), "C20", "the entry in the proof");
  return { entry, index: Number(index[1]), path: hashes, note: parseNote(utf8(written.slice(gap + 2)), "C20") };
};

const pollOf = async (loaded, name, report) => {
  if (loaded.poll?.name === name) return loaded.poll;
  const poll = new Poll(loaded.log, name);
  if (poll.entries.length) await checkTexts(poll, report);
  return poll;
};

// A bundle lacks what the entries of other polls name, and that is nobody's fault.
const ofThisBundle = ({ bundled }, name) => {
  if (bundled && bundled !== name) {
    throw new CannotTell(`the file in hand is of the poll ${plain(name)}, and this bundle holds what belongs to ${plain(bundled)}`);
  }
};

// ---- a promise, alone or in a receipt

const checkPromise = async ({ promise, ...receipt }, loaded, report) => {
  const { log, given } = loaded;
  report.poll.due = moment(promise.deadline);
  await report.run("C2", () => {
    if (promise.name !== log.origin + "/receipt") throw new Problem("C20", `the promise is of ${promise.name}, and this log is ${log.origin}`);
    const key = given.vkeys.find((vkey) => vkey.name === promise.name) || log.receiptKey;
    verifyNote(promise.note, key, "C2");
    return `signature of the promise (key id ${key.id})`;
  }, "C20");
  if (receipt.d) await report.run("C20", () => matchReceipt(receipt, promise), "C2 C20");
  await report.run("C20", () => promiseKept(receipt, promise, loaded, report), "C2 C20");
};

// The parts of a receipt belong together: what was promised is `d`, and `d` says or hides `b`.
const matchReceipt = ({ poll, d, b, nonce }, promise) => {
  if (!equal(sha256(canonical(d)), promise.hash)) throw new Problem("C20", "the promise is for another ballot than the receipt states");
  if ("c" in d && nonce === undefined) throw new CannotTell("the ballot is sealed; without its nonce nobody can see what it holds");
  const says = "c" in d ? commitment(poll, d, nonce, b) === d.c : isObject(d.b) && canonicalText(d.b) === canonicalText(b);
  if (!says) throw new Problem("C20", "the receipt reads as another ballot than the one that was promised");
  return "the parts of the receipt belong together";
};

const promiseKept = async (receipt, promise, loaded, report) => {
  const { log, given } = loaded;
  const found = log.entries.findIndex((entry) => entry.type === "ballot.cast" && (!receipt.d || entry.d.bid === receipt.d.bid)
    && equal(sha256(canonical(entry.d)), promise.hash));
  if (found !== -1) {
    const { poll } = log.entries[found];
    if (receipt.poll !== undefined && receipt.poll !== poll) {
      throw new Problem("C20", `the ballot stands in the poll ${plain(poll)}, and the receipt is of ${plain(receipt.poll)}. This file is evidence: keep it`);
    }
    await readOut(log.entries[found], found, loaded, report, receipt);
    return `promise kept: the ballot is entry ${found}`;
  }
  // An extension moves the deadline of its poll; of any poll, where the promise does not say which.
  const extended = log.entries.filter((e) => e.type === "poll.extended" && (receipt.poll === undefined || e.poll === receipt.poll));
  const due = Math.max(promise.deadline, ...extended.map((e) => e.d.closes_at + new Poll(log, e.poll).config.mix.max_s));
  if (given.now <= due) {
    const late = due === promise.deadline ? "promised, not yet due" : "promised, and a poll of this log was extended";
    throw new CannotTell(`${late}: the ballot is not in the log yet and has until ${moment(due)}`);
  }
  const newest = log.entries.reduce((latest, entry) => Math.max(latest, entry.t ?? 0), 0);
  if (!(log.source instanceof Web) && newest <= due) {
    throw new CannotTell(`the ballot was due at ${moment(due)}; this copy of the log is not from later`);
  }
  throw new Problem("C20", `the promise was broken: due at ${moment(due)}, and the ballot is not in the log. This file is evidence: keep it`);
};

// ---- a proof

const checkProof = async ({ entry, index, path, note }, loaded, report) => {
  const { log } = loaded;
  let head;
  await report.run("C20", () => {
    head = parseCheckpoint(note, "C20");
    checkInclusion(leafHash(entry), index, head.size, path, head.root, "C20");
    return `receipt (entry ${index} is in the tree of ${head.size} entries)`;
  });
  await report.run("C2", () => {
    if (head.origin !== log.origin) throw new Problem("C20", `the receipt is of ${head.origin}, and this log is ${log.origin}`);
    verifyNote(note, log.key, "C2");
    return `signature of the receipt's checkpoint (key id ${log.key.id})`;
  }, "C20");
  await report.run("C4", () => {
    if (log.size < head.size) {
      const text = `the log is smaller now than the ${head.size} entries of this receipt`;
      if (!(log.source instanceof Web)) throw new CannotTell(`${text}: this copy is older than the receipt`);
      throw new Problem("C4", `${text}. This file is evidence`);
    }
    if (!equal(log.raw[index], entry)) throw new Problem("C4", `entry ${index} of the log is not the one in this receipt. This file is evidence`);
    if (!equal(treeRoot(log.leaves, 0, head.size), head.root)) {
      throw new Problem("C4", "the log is not the one that this receipt was given for. This file is evidence");
    }
    return `the log still holds it (now ${grouped(log.size)} entries)`;
  }, "C20 C2");
  await report.run("C6", () => {
    const parsed = parseEntry(entry, index);
    if (parsed.type !== "ballot.cast") throw new Problem("C6", `the receipt is for an entry of type ${parsed.type}, not for a ballot`);
    return readOut(parsed, index, loaded, report);
  }, "C20");
};

// The ballot in plain words, into report.poll.
const readOut = async ({ poll: name, d }, index, loaded, report, receipt = {}) => {
  ofThisBundle(loaded, name);
  const poll = await pollOf(loaded, name, report);
  const b = d.b ?? receipt.b ?? poll.openings.get(d.bid) ?? null;
  const cast = poll.byBid.get(d.bid);
  Object.assign(report.poll, {
    id: name, bid: d.bid, rev: d.rev, index, ...b, title: joined(poll.titles.get("")),
    replaced: Boolean(cast && cast.againAt < Infinity), voided: Boolean(cast && cast.voidedAt < Infinity),
    words: b ? ballotWords(b, poll.titles) : [],
  });
  if (!b) report.poll.hidden = true;
  return `ballot ${d.bid} in poll ${name}`;
};

const ballotWords = (b, titles) => {
  const name = (id) => (joined(titles.get(id)) ? `${id} (${joined(titles.get(id))})` : id);
  const [[kind, marks]] = Object.entries(b);
  if (kind === "approve") return marks.map(name).map(plain);
  if (kind === "rank") return marks.flatMap((rank, i) => (rank.length ? [plain(`${i + 1}. ${rank.map(name).join(" = ")}`)] : []));
  return Object.keys(marks).sort().map((id) => plain(`${name(id)}: ${marks[id]}`));
};

// ---- a place on the roll

const checkPlace = async (place, loaded, report) => {
  const poll = new Poll(loaded.log, place.poll);
  Object.assign(report.poll, { id: place.poll });
  await report.run("C20", () => {
    ofThisBundle(loaded, place.poll);
    if (!poll.first("roll.committed")) throw new CannotTell(`the log does not know the roll of the poll ${plain(place.poll)} yet`);
    const { d: roll } = poll.first("roll.committed");
    const changes = poll.all("roll.changed").map(({ d }) => ({ roll: d.roll, count: d.added_count, root: d.added_root }));
    const batches = [roll, ...changes];
    const number = place.batch ?? 0;
    const batch = batches[number];
    if (!batch) throw new Problem("C20", `the roll has no batch ${number}`);
    if (batch.roll !== place.roll || batch.count !== place.count) throw new Problem("C20", "the place is one on another roll");
    const leaf = sha256(concat(new Uint8Array(1), utf8("roll/v1"), unhex(place.salt), unhex(place.uid)));
    checkInclusion(leaf, place.index, place.count, place.hashes.map(unhex), unhex(batch.root), "C20");
    const index = batches.slice(0, number).reduce((sum, { count }) => sum + count, place.index);
    report.poll.place = index;
    const marked = loaded.poll?.name === place.poll ? hasCast(loaded.poll, index) : null;
    if (marked !== null) report.poll.voted = marked;
    else if (loaded.poll?.name !== place.poll) report.poll.other = true;
    return `place ${grouped(index)} on the roll of ${grouped(place.count)}`;
  });
};

