// Canonical JSON (RFC 8785 restricted): read strictly, written in the one allowed way.
import { MAX_ENTRY, Problem, untext, utf8 } from "./bytes.js";

const KEY = /^[a-z0-9_.-]+$/;
const PLAIN = /^[ !#-[\]-~]*$/; // ASCII that JSON writes as it stands, and that is in NFC
const DEEP = 400;

const string = (text) => {
  if (PLAIN.test(text)) return `"${text}"`;
  if (/\p{Cs}/u.test(text)) throw new RangeError("text with half a surrogate pair");
  if (text.normalize("NFC") !== text) throw new RangeError("text that is not in NFC");
  return JSON.stringify(text);
};

const write = (value, depth) => {
  if (typeof value === "string") return string(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new RangeError("a number that is not an integer within 2^53-1");
    return String(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (depth > DEEP) throw new RangeError("too deeply nested");
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(",")}]`;
  const parts = Object.keys(value).sort().map((key) => {
    if (!KEY.test(key)) throw new RangeError("a key outside [a-z0-9_.-]");
    return `"${key}":${write(value[key], depth + 1)}`;
  });
  return `{${parts.join(",")}}`;
};

// The canonical text of a value. RangeError where it has none.
export const canonicalText = (value) => write(value, 0);
export const canonical = (value) => utf8(canonicalText(value));

// The value of canonical JSON; anything that would be written as other bytes is a Problem. Keys twice, floats, escapes and
// blanks that need not be there all show in the comparison with the text written again.
export const parseCanonical = (raw, check, what, limit = MAX_ENTRY) => {
  if (raw.length > limit) throw new Problem(check, `${what} is longer than ${limit} bytes`);
  let value, text, again;
  try {
    text = untext(raw);
    value = JSON.parse(text);
    again = canonicalText(value);
  } catch (error) {
    throw new Problem(check, `${what} is not canonical JSON: ${error.message}`);
  }
  if (again !== text) throw new Problem(check, `${what} is not canonical JSON: its bytes would be written differently`);
  return value;
};

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
export const has = (value, name) => Object.hasOwn(value, name);

// Order of code points, as bytes and Python sort text (JavaScript's own order differs beyond U+FFFF).
export const byCodePoint = (a, b) => {
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) if (a.charCodeAt(i) !== b.charCodeAt(i)) return a.codePointAt(i) - b.codePointAt(i);
  return a.length - b.length;
};
