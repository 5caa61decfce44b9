// Bytes, hashes, and the two ways in which a check ends badly.
import { sha256, sha512 } from "../vendor/sha2.js";

export { sha256, sha512 };

// The log, or the file in hand, breaks a rule. `check` is the id of the check that found it.
export class Problem extends Error {
  constructor(check, reason) {
    super(reason);
    this.check = check;
  }
}

// Nothing is known to be wrong, but we could not look (unreachable, not published yet, unknown rule).
export class CannotTell extends Error {}

// The source answers, and has no such file.
export class Missing extends Error {}

export const ZERO = "0".repeat(64);
export const MAX_ENTRY = 16_384;
export const MAX_LOG = 20_000_000;
export const MAX_NOTE = 65_536;
export const MAX_RESULT = 16 * 1024 * 1024;

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export const hex = (bytes) => {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += DIGITS[bytes[i]];
  return text;
};

const digit = (code) => (code < 58 ? code - 48 : code - 87);

// Of lowercase hex that was checked to be such.
export const unhex = (text) => {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digit(text.charCodeAt(2 * i)) << 4) | digit(text.charCodeAt(2 * i + 1));
  return bytes;
};

export const hexhash = (bytes) => hex(sha256(bytes));

const encoder = new TextEncoder();
export const utf8 = (text) => encoder.encode(text);

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// The text of strict UTF-8; throws TypeError for anything else.
export const untext = (bytes) => decoder.decode(bytes);

export const concat = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

export const equal = (a, b) => compare(a, b) === 0;

// Order of bytes, shorter first where one begins the other: below 0, 0, above 0.
export const compare = (a, b) => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
};

export const u32 = (number) => new Uint8Array([number >>> 24, number >>> 16, number >>> 8, number]);

export const base64 = (bytes) => {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
};

// Strict standard base64: padded, and the only spelling of its bytes.
export const unbase64 = (text, check, what) => {
  let bytes = null;
  try {
    bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    throw new Problem(check, `${what} is not base64`);
  }
  if (base64(bytes) !== text) throw new Problem(check, `${what} is not strict base64`);
  return bytes;
};

// Text safe to show: no control or direction-override characters, at most 200 long.
export const plain = (value) => {
  const safe = [...String(value)].map((c) => (/\p{C}/u.test(c) && c !== "\u200c" && c !== "\u200d" ? "\ufffd" : c));
  return safe.length <= 200 ? safe.join("") : safe.slice(0, 199).join("") + "…";
};

export const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
