// C2SP signed notes, verifier keys, checkpoints, and Ed25519 (RFC 8032) as the command-line verifier checks it.
import { Point } from "../vendor/ed25519.js";
import { MAX_NOTE, Problem, concat, equal, hex, plain, sha256, sha512, unbase64, untext, utf8 } from "./bytes.js";

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const little = (bytes) => {
  let number = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) number = (number << 8n) | BigInt(bytes[i]);
  return number;
};

// Throws unless `signature` is good. Refuses S >= L, and public keys of small order or in another spelling than the canonical.
export const verifyEd25519 = (key, message, signature) => {
  if (key.length !== 32 || signature.length !== 64) throw new Error("wrong length");
  const point = Point.fromBytes(key, false);
  const s = little(signature.subarray(32));
  if (s >= ORDER) throw new Error("S is not canonical");
  if (point.isSmallOrder()) throw new Error("public key of small order");
  const h = little(sha512(concat(signature.subarray(0, 32), key, message))) % ORDER;
  // Not "cofactored": R must be the very bytes, so that every verifier decides alike.
  const found = Point.BASE.multiply(s, false).add(point.negate().multiply(h, false));
  if (!equal(found.toBytes(), signature.subarray(0, 32))) throw new Error("the signature does not match");
};

// The spaces of Unicode, spelled out: \s is another set.
export const goodName = (name) => name !== "" && !/[+\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/.test(name);

// `name+<key id, 8 hex>+<base64 of the type and the key>`. Type 0x01: a log. Type 0x04: a witness.
export const parseVkey = (text, check = "C1", type = 1) => {
  const [, name, id, encoded] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) || [];
  if (name === undefined || !goodName(name) || !/^[0-9a-f]{8}$/.test(id)) throw new Problem(check, `not a verifier key: ${plain(text)}`);
  const key = unbase64(encoded, check, "the verifier key");
  if (key.length !== 33 || key[0] !== type) throw new Problem(check, `the verifier key is not of type 0x0${type} (Ed25519)`);
  if (hex(sha256(concat(utf8(name + "\n"), key)).subarray(0, 4)) !== id) {
    throw new Problem(check, "the key id does not match the verifier key");
  }
  return { text, name, id, key: key.subarray(1) };
};

// The strict signed-note syntax. Verifies nothing yet. `text` is with its final newline: what was signed.
export const parseNote = (raw, check = "C1") => {
  if (raw.length > MAX_NOTE) throw new Problem(check, "the note is too long");
  let text = "";
  try {
    text = untext(raw);
  } catch {
    throw new Problem(check, "the note is not UTF-8");
  }
  if (/[\x00-\x09\x0b-\x1f]/.test(text)) throw new Problem(check, "the note holds control characters");
  const gap = text.lastIndexOf("\n\n");
  if (gap < 1 || !text.endsWith("\n") || gap + 2 >= text.length) throw new Problem(check, "the note has no signature block");
  const signatures = text.slice(gap + 2, -1).split("\n").map((line) => {
    const match = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/.exec(line);
    if (!match || !goodName(match[1])) throw new Problem(check, "the note has a malformed signature line");
    const data = unbase64(match[2], check, "a signature");
    if (data.length < 5) throw new Problem(check, "the note has a signature that is too short");
    return { name: match[1], id: hex(data.subarray(0, 4)), data: data.subarray(4) };
  });
  if (signatures.length > 100) throw new Problem(check, "the note has too many signatures");
  return { text: text.slice(0, gap + 1), signatures };
};

// Throws unless the note carries a good signature of `key`, and no bad one under its name and id.
export const verifyNote = (note, key, check) => {
  const mine = note.signatures.filter((signature) => signature.name === key.name && signature.id === key.id);
  if (!mine.length) throw new Problem(check, `no signature by ${key.name} (key id ${key.id})`);
  for (const { data } of mine) {
    try {
      verifyEd25519(key.key, utf8(note.text), data);
    } catch (error) {
      throw new Problem(check, `bad signature by ${key.name}: ${error.message}`);
    }
  }
};

// Origin, size and root of a checkpoint body, which has exactly these three lines.
export const parseCheckpoint = (note, check = "C1") => {
  const lines = note.text.slice(0, -1).split("\n");
  if (lines.length !== 3 || !goodName(lines[0])) throw new Problem(check, "the checkpoint does not consist of origin, size and root");
  if (!/^(0|[1-9][0-9]{0,18})$/.test(lines[1])) throw new Problem(check, "the checkpoint's size is not a plain number");
  const root = unbase64(lines[2], check, "the checkpoint's root");
  if (root.length !== 32) throw new Problem(check, "the checkpoint's root is not 32 bytes");
  return { origin: lines[0], size: Number(lines[1]), root };
};

