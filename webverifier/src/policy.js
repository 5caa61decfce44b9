// C2SP tlog-policy, and whether a checkpoint has a quorum of its witnesses (C3).
import { CannotTell, MAX_NOTE, Problem, concat, hex, plain, utf8 } from "./bytes.js";
import { parseNote, parseVkey, verifyEd25519 } from "./note.js";
import { moment } from "./report.js";

const FUTURE_S = 600, OLD_S = 86_400;

// { logs: [vkey], witnesses: [{ name, key }], groups: [{ name, needed, members }], quorum }. CannotTell where it is no policy:
// the file is the reader's own, and says nothing of the log.
export const parsePolicy = (raw) => {
  try {
    return readPolicy(raw);
  } catch (error) {
    throw new CannotTell(`the policy cannot be read: ${plain(error.message)}`);
  }
};

const readPolicy = (raw) => {
  const fail = (reason) => {
    throw new Problem("C3", reason);
  };
  if (raw.length > MAX_NOTE) fail("it is too long");
  const text = new TextDecoder().decode(raw); // what is not UTF-8 may stand in a comment
  const policy = { logs: [], witnesses: [], groups: [], quorum: undefined };
  const names = new Set(["none"]), grouped = new Set();
  const name = (given) => {
    if (names.has(given)) fail(`the name ${given} is taken`);
    names.add(given);
    return given;
  };
  for (const line of text.split("\n")) {
    if (/[\x00-\x08\x0b-\x1f\x7f]/.test(line)) fail("a line has control characters");
    const [word, ...rest] = line.split(/[ \t]+/).filter(Boolean);
    if (word === undefined || word.startsWith("#")) continue;
    if (word === "log" && rest.length >= 1 && rest.length <= 2) {
      policy.logs.push(parseVkey(rest[0]));
    } else if (word === "witness" && rest.length >= 2 && rest.length <= 3) {
      policy.witnesses.push({ name: name(rest[0]), key: parseVkey(rest[1], "C3", 4) });
    } else if (word === "group" && rest.length >= 3) {
      const members = rest.slice(2);
      if (new Set(members).size !== members.length || members.some((one) => !names.has(one) || one === "none" || grouped.has(one))) {
        fail(`the group ${rest[0]} has a member that is unknown so far, or in a group already`);
      }
      members.forEach((member) => grouped.add(member));
      const numbers = new Map([["any", 1], ["all", members.length]]);
      const needed = numbers.get(rest[1]) ?? (/^[1-9][0-9]{0,5}$/.test(rest[1]) ? Number(rest[1]) : 0);
      if (needed < 1 || needed > members.length) fail(`the group ${rest[0]} cannot be met`);
      policy.groups.push({ name: name(rest[0]), needed, members });
    } else if (word === "quorum" && rest.length === 1 && policy.quorum === undefined) {
      if (!names.has(rest[0])) fail("its quorum is not known above it");
      policy.quorum = rest[0];
    } else {
      fail(`a line makes no sense: ${line.trim()}`);
    }
  }
  if (policy.quorum === undefined) fail("it names no quorum");
  for (const keys of [policy.logs, policy.witnesses.map(({ key }) => key)]) {
    if (new Set(keys.map(({ key }) => hex(key))).size !== keys.length) fail("two witnesses, or two logs, have one key");
  }
  return policy;
};

// The newest time (unix seconds) that a witness's cosignatures state, or null where there is none. A bad one is a Problem.
const cosigned = (note, { key }) => {
  const mine = note.signatures.filter((signature) => signature.name === key.name && signature.id === key.id);
  const times = mine.map(({ data }) => {
    try {
      if (data.length !== 72) throw new Error("wrong length");
      const time = new DataView(data.buffer, data.byteOffset).getBigUint64(0);
      verifyEd25519(key.key, concat(utf8(`cosignature/v1\ntime ${time}\n`), utf8(note.text)), data.subarray(8));
      return Number(time);
    } catch (error) {
      throw new Problem("C3", `bad cosignature by ${key.name}: ${error.message}`);
    }
  });
  return times.length ? Math.max(...times) : null;
};

// Whether these witnesses (by their names in the policy) are enough. Groups stand below their members.
const satisfied = ({ groups, quorum }, signed) => {
  const met = new Set([...signed, "none"]);
  for (const { name, needed, members } of groups) if (members.filter((member) => met.has(member)).length >= needed) met.add(name);
  return met.has(quorum);
};

const ALONE = "the operator could show different people different logs, unless they compare checkpoints or receipts";

// C3. Cosignatures are worth nothing where the log's own signature is not good.
export const checkWitnesses = async (log, { policy, now }, report) => {
  if (report.checks.some((c) => ["C1", "C2"].includes(c.id) && ["fail", "open"].includes(c.status))) {
    report.add("C3", "open", "not reached because the checkpoint's own signature did not pass");
    return;
  }
  const note = parseNote(log.note);
  const others = note.signatures.filter(({ name, id }) => name !== log.key.name || id !== log.key.id).length;
  if (policy === null && others) {
    report.add("C3", "warn", `witnesses: not checked, because no policy was given (the checkpoint has ${others} further signatures)`);
    report.warn(`no witness policy was given, so no cosignature was checked: ${ALONE}`);
  } else if (policy === null || policy.quorum === "none") {
    report.add("C3", "warn", "witnesses: none. Only this log's own key vouches for the checkpoint");
    report.warn(`no witness has cosigned: ${ALONE}`);
  } else {
    await report.run("C3", () => quorumMet(log, note, policy, now, report));
  }
};

const quorumMet = (log, note, policy, now, report) => {
  const times = new Map(policy.witnesses.map((witness) => [witness, cosigned(note, witness)]).filter(([, time]) => time !== null));
  report.log.witnesses = [...times.keys()].map(({ key }) => key.name).sort();
  for (const [{ name }, time] of times) {
    if (time > now + FUTURE_S) throw new Problem("C3", `the cosignature of ${name} is dated in the future (${moment(time)})`);
  }
  const enough = (oldest) => satisfied(policy, [...times].filter(([, time]) => time >= oldest).map(([{ name }]) => name));
  const signed = `${times.size} of ${policy.witnesses.length}`;
  if (!enough(0)) throw new Problem("C3", `${signed} witnesses have cosigned the checkpoint, and the policy asks for more`);
  if (!enough(now - OLD_S) && !log.closed) {
    report.warn("the witnessed checkpoint is old: what was added since is not witnessed, or is being held back");
    const newest = moment(Math.max(...times.values()));
    return ["warn", `witnesses: ${signed} have cosigned, but not enough of them within a day (the newest at ${newest})`];
  }
  return `witnesses (${signed} have cosigned, as the policy asks)`;
};
