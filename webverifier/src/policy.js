// C2SP tlog-policy, and whether a checkpoint has a quorum of its witnesses (C3).
import { Problem, concat, plain, untext, utf8 } from "./bytes.js";
import { goodName, parseNote, parseVkey, verifyEd25519 } from "./note.js";

const FUTURE_S = 600, OLD_S = 86_400;

// { logs: [vkey], witnesses: [{ name, key }], groups: [{ name, needed, members }], quorum }. Problem (C3) where it is no policy.
export const parsePolicy = (raw) => {
  const fail = (reason) => {
    throw new Problem("C3", `the policy cannot be used: ${reason}`);
  };
  let text;
  try {
    text = untext(raw);
  } catch {
    fail("it is not UTF-8");
  }
  const policy = { logs: [], witnesses: [], groups: [], quorum: undefined };
  const names = new Set(["none"]);
  const name = (given) => {
    if (!goodName(given || "") || names.has(given)) fail(`the name ${plain(given)} is taken or cannot be one`);
    names.add(given);
    return given;
  };
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.split(/[ \t]+/).filter(Boolean);
    if (word === undefined || line.startsWith("#")) continue;
    if (word === "log" && rest.length >= 1 && rest.length <= 2) {
      policy.logs.push(parseVkey(rest[0], "C3"));
    } else if (word === "witness" && rest.length >= 2 && rest.length <= 3) {
      policy.witnesses.push({ name: name(rest[0]), key: parseVkey(rest[1], "C3", 4) });
    } else if (word === "group" && rest.length >= 3) {
      const members = rest.slice(2);
      if (new Set(members).size !== members.length || members.some((member) => !names.has(member) || member === "none")) {
        fail(`the group ${plain(rest[0])} names a member twice, or one that is not known above it`);
      }
      const numbers = new Map([["any", 1], ["all", members.length]]);
      const needed = numbers.get(rest[1]) ?? (/^[1-9][0-9]{0,3}$/.test(rest[1]) ? Number(rest[1]) : 0);
      if (needed < 1 || needed > members.length) fail(`the group ${plain(rest[0])} cannot be met`);
      policy.groups.push({ name: name(rest[0]), needed, members });
    } else if (word === "quorum" && rest.length === 1 && policy.quorum === undefined) {
      if (!names.has(rest[0])) fail("its quorum is not known above it");
      policy.quorum = rest[0];
    } else {
      fail(`the line ${plain(line)} is not understood`);
    }
  }
  if (policy.quorum === undefined) fail("it names no quorum");
  if (!policy.logs.length) fail("it names no log");
  return policy;
};

// The time (unix seconds) that a witness's cosignature states, or null where there is none. A bad one is a Problem.
const cosigned = (note, { key }) => {
  const mine = note.signatures.find((signature) => signature.name === key.name && signature.id === key.id);
  if (!mine) return null;
  const { data } = mine;
  try {
    if (data.length !== 72) throw new Error("wrong length");
    const time = new DataView(data.buffer, data.byteOffset).getBigUint64(0);
    verifyEd25519(key.key, concat(utf8(`cosignature/v1\ntime ${time}\n`), utf8(note.text)), data.subarray(8));
    return Number(time);
  } catch (error) {
    throw new Problem("C3", `bad cosignature by ${plain(key.name)}: ${error.message}`);
  }
};

export const checkWitnesses = (log, { policy, now }, report) => {
  if (!policy.logs.some((key) => key.text === log.key.text)) throw new Problem("C3", "the policy is not one for this log");
  const note = parseNote(log.note);
  const open = log.entries.at(-1)?.type !== "log.closed";
  const met = new Set();
  for (const witness of policy.witnesses) {
    const time = cosigned(note, witness);
    if (time === null) continue;
    if (time > now + FUTURE_S) throw new Problem("C3", `the cosignature by ${plain(witness.key.name)} is from the future`);
    if (open && time < now - OLD_S) {
      report.warn(`the cosignature by ${plain(witness.key.name)} is older than a day: the log may have grown since, unseen`);
    }
    met.add(witness.name);
  }
  report.log.witnesses = [...met];
  for (const { name, needed, members } of policy.groups) if (members.filter((member) => met.has(member)).length >= needed) met.add(name);
  if (policy.quorum === "none") {
    report.warn("the policy asks for no witness");
  } else if (!met.has(policy.quorum)) {
    throw new Problem("C3", `the witnesses that the policy asks for are not there (${report.log.witnesses.length} of ${policy.witnesses.length} signed)`);
  }
  return `witnesses (${report.log.witnesses.length} of ${policy.witnesses.length} signed, the policy is met)`;
};
