// A log, read whole, and the checks that are about all of it: C1 to C7.
import {
  CannotTell, MAX_ENTRY, MAX_LOG, MAX_NOTE, Missing, Problem, ZERO, equal, grouped, hex, plain,
} from "./bytes.js";
import { parseEntry } from "./entries.js";
import { parseCheckpoint, parseNote, parseVkey, verifyNote } from "./note.js";
import { checkWitnesses } from "./policy.js";
import { read } from "./source.js";
import { hashAt, leafHash, treeRoot } from "./tree.js";

const FULL = 256;
const AT_ONCE = 12;

// Path of a tile as in tlog-tiles: `tile/0/x001/067`, with `.p/5` where it holds fewer than 256.
export const tilePath = (level, number, width) => {
  const three = (n) => String(n % 1000).padStart(3, "0");
  let groups = three(number);
  for (let rest = Math.floor(number / 1000); rest; rest = Math.floor(rest / 1000)) groups = `x${three(rest)}/${groups}`;
  return `tile/${level}/${groups}` + (width < FULL ? `.p/${width}` : "");
};

// A tile, and whether it is the full one that replaced the partial tile we asked for.
const readTile = async (source, level, number, width, limit) => {
  const path = tilePath(level, number, width);
  if (width < FULL) {
    try {
      const data = await source.read(path, limit);
      if (data.length > limit) throw new Problem("C5", `${path} is too long`);
      return { data, longer: false };
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
    }
    try { // a server may drop partial tiles once the full one exists
      return { data: await source.read(tilePath(level, number, FULL), limit), longer: true };
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
    }
  }
  return { data: await read(source, path, limit, "C5", "a tile"), longer: false };
};

// `use` on the answers of `ask(0)`, `ask(1)`, … in order, with some of them asked for ahead.
const inOrder = async (count, ask, use) => {
  const asked = [];
  for (let next = 0, done = 0; done < count; done++) {
    while (next < count && next < done + AT_ONCE) {
      asked[next] = ask(next);
      asked[next++].catch(() => {}); // it is thrown where it is awaited
    }
    const answer = asked[done];
    asked[done] = null;
    use(await answer, done);
  }
};

export class Log {
  constructor({ source, declared }, tick) {
    Object.assign(this, { source, declared, tick, origin: "", size: 0, root: null, note: null, raw: [], entries: [], key: null });
  }

  // The entries of one poll, in order: [{ index, entry, n, t, d }].
  ofPoll(name) {
    const found = [];
    this.entries.forEach((entry, index) => {
      if (entry.poll === name) found.push({ index, entry, n: entry.n, t: entry.t, d: entry.d });
    });
    return found;
  }

  get closed() {
    return this.entries.some((entry) => entry.type === "log.closed");
  }

  leaf(index) {
    return hashAt(this.leaves, index);
  }
}

// Fetch a log whole and do C1 to C7. CannotTell when it cannot be fetched. `given`: { vkeys, policy, now }.
export const loadLog = async (place, given, report, tick) => {
  const log = new Log(place, tick);
  try {
    log.note = await place.source.read("checkpoint", MAX_NOTE);
  } catch (error) {
    if (error instanceof Missing) throw new CannotTell(`no log is published at ${place.source.name} (there is no checkpoint)`);
    throw error;
  }
  await report.run("C1", () => parseHead(log, report));
  await report.run("C5", () => checkTree(log), "C1");
  await report.run("C1", () => chooseKey(log, given, report), "C1");
  await report.run("C2", () => {
    verifyNote(parseNote(log.note), log.key, "C2");
    return `signature of the checkpoint (Ed25519, key id ${log.key.id})`;
  }, "C1");
  report.add("C4", "n/a", "same log as before (nothing is remembered in the browser)");
  await report.run("C6", () => parseAll(log), "C5");
  await report.run("C7", () => checkChains(log), "C5 C6");
  await checkWitnesses(log, given, report);
  return log;
};

const parseHead = (log, report) => {
  Object.assign(log, parseCheckpoint(parseNote(log.note)));
  report.log = { origin: plain(log.origin), size: log.size, root: hex(log.root), witnesses: [] };
  if (log.size > MAX_LOG) throw new CannotTell(`a log of ${log.size} entries is too large for this program`);
  if (log.size === 0) throw new CannotTell("the log is empty");
  return `checkpoint (${log.origin}, ${grouped(log.size)} entries)`;
};

const checkTree = async (log) => {
  const { source, size, tick } = log;
  const bundles = Math.ceil(size / FULL);
  const widthOf = (number, of) => Math.min(FULL, of - number * FULL);
  const leaves = new Uint8Array(32 * size);
  const ask = (number) => readTile(source, "entries", number, widthOf(number, size), FULL * (MAX_ENTRY + 2));
  await inOrder(bundles, ask, ({ data, longer }, number) => {
    tick("read", number * FULL, size);
    let at = 0;
    for (let i = 0; i < widthOf(number, size); i++) {
      const length = (data[at] << 8) | data[at + 1];
      if (data.length < at + 2 + length || length > MAX_ENTRY) {
        throw new Problem("C5", `entry bundle ${number} ends early or holds an entry that is too long`);
      }
      const raw = data.subarray(at + 2, at + 2 + length);
      leaves.set(leafHash(raw), 32 * log.raw.length);
      log.raw.push(raw);
      at += 2 + length;
    }
    if (at !== data.length && !longer) throw new Problem("C5", `entry bundle ${number} has bytes after its last entry`);
  });
  log.leaves = leaves;
  let row = leaves, level = 0;
  for (; row.length; level++) {
    const count = row.length / 32;
    await inOrder(Math.ceil(count / FULL), (number) => readTile(source, level, number, widthOf(number, count), 8192), ({ data, longer }, number) => {
      const expected = row.subarray(8192 * number, 8192 * (number + 1));
      if (longer && data.length !== 8192) throw new Problem("C5", `the full tile ${number} of level ${level} is not 8,192 bytes long`);
      if (!equal(longer ? data.subarray(0, expected.length) : data, expected)) {
        throw new Problem("C5", `tile ${number} of level ${level} does not match the entries below it`);
      }
    });
    const above = new Uint8Array(32 * Math.floor(count / FULL));
    for (let i = 0; i < above.length / 32; i++) above.set(treeRoot(row, i * FULL, (i + 1) * FULL), 32 * i);
    row = above;
  }
  if (!equal(treeRoot(leaves), log.root)) throw new Problem("C5", "the entries do not have the root that the checkpoint states");
  return `tree (${grouped(size)} entries, ${bundles} bundles, ${level} tile levels)`;
};

const chooseKey = (log, { vkeys, policy }, report) => {
  const keys = [...vkeys, ...(policy ? policy.logs : [])];
  const mine = keys.filter((key) => key.name === log.origin);
  if (keys.length && !mine.length && !keys.every((key) => key.name.endsWith("/receipt"))) {
    throw new Problem("C1", `the checkpoint is of ${log.origin}, and the key given is of ${keys[0].name}`);
  }
  let how = "key given";
  log.key = mine[0] || null;
  if (!log.raw.length) {
    if (log.key) return `${how} (${log.key.text})`;
    throw new CannotTell("the key is not known because the first entry could not be read");
  }
  const opened = parseEntry(log.raw[0], 0).d;
  if (opened.origin !== log.origin || parseVkey(opened.vkey).name !== log.origin) {
    throw new Problem("C1", "the first entry names another origin than the checkpoint");
  }
  log.receiptKey = parseVkey(opened.receipt_vkey);
  if (log.receiptKey.name !== log.origin + "/receipt") throw new Problem("C1", "the key for receipts is not one of this log");
  if (!log.key) {
    log.key = parseVkey(opened.vkey);
    how = "key from the log itself";
    report.warn("the key was taken from the log itself: it proves that the log is one piece, not whose it is. "
      + "Get the key by another way and give it");
  }
  if (opened.vkey !== log.key.text) {
    throw new Problem("C1", `the log states another key (${plain(opened.vkey)}) than the one known (${log.key.text})`);
  }
  const { declared } = log;
  if ((declared.receipt_vkey ?? log.receiptKey.text) !== log.receiptKey.text) {
    throw new Problem("C1", "the instance's list of logs names another receipt key than the log");
  }
  if ("prefix" in declared && (declared.origin !== log.origin || (declared.vkey ?? log.key.text) !== log.key.text)) {
    throw new Problem("C1", "the instance's list of logs names another origin or key than the log");
  }
  return `${how} (${log.key.text})`;
};

const parseAll = (log) => {
  log.raw.forEach((raw, index) => {
    if (index % 1000 === 0) log.tick("parse", index, log.size);
    log.entries.push(parseEntry(raw, index));
  });
  return `canonical bytes and known fields (${grouped(log.size)} entries)`;
};

const checkChains = (log) => {
  const heads = new Map();
  log.entries.forEach((entry, index) => {
    const { n, prev } = heads.get(entry.poll) || { n: 0, prev: ZERO };
    if (entry.n !== n) throw new Problem("C7", `entry ${index} has n = ${entry.n} where its chain is at ${n}`);
    if (entry.prev !== prev) throw new Problem("C7", `entry ${index} does not name the entry before it in its chain`);
    heads.set(entry.poll, { n: n + 1, prev: hex(log.leaf(index)) });
  });
  return `chains (${heads.size} without a gap)`;
};
