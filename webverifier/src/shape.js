// What values must look like: small tests, and the specifications that are made of them. A misfit is a Problem of C6.
import { Problem } from "./bytes.js";
import { has, isObject } from "./canonical.js";

const when = (test) => (value, where) => {
  if (!test(value)) throw new Problem("C6", `${where} has a value that is not allowed`);
};

export const whole = (low, high = Infinity) => when((value) => Number.isInteger(value) && value >= low && value <= high);
export const matches = (pattern) => when((value) => typeof value === "string" && pattern.test(value));
export const oneOf = (...allowed) => when((value) => allowed.includes(value));
export const that = when;

export const digits = (length) => matches(new RegExp(`^[0-9a-f]{${length}}$`));
export const hash = digits(64);
export const pseudonym = digits(32);
export const boolean = oneOf(true, false);
export const text = when((value) => typeof value === "string");
export const isWord = (value) => typeof value === "string" && /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u.test(value);
export const word = when(isWord);
export const optionId = when((value) => typeof value === "string" && /^[a-z0-9_.-]+$/.test(value) && value !== "-");
export const evenHex = matches(/^([0-9a-f]{2})+$/);

export const orNull = (spec) => (value, where) => value === null || spec(value, where);

export const list = (spec) => (value, where) => {
  if (!Array.isArray(value)) throw new Problem("C6", `${where} is not a list`);
  value.forEach((item, index) => spec(item, `${where}[${index}]`));
};

// Exactly these fields; one whose name ends in `?` may be absent. A field that is a further object of fields is read likewise.
export const fields = (specs) => {
  const known = new Map(Object.entries(specs).map(([name, spec]) => [
    name.replace("?", ""), { spec: typeof spec === "function" ? spec : fields(spec), optional: name.endsWith("?") },
  ]));
  const needed = [...known].filter(([, { optional }]) => !optional).map(([name]) => name);
  const check = (value, where) => {
    if (!isObject(value)) throw new Problem("C6", `${where} is not an object`);
    for (const name of Object.keys(value)) {
      if (!known.has(name)) throw new Problem("C6", `${where} has an unknown field ${name}`);
      known.get(name).spec(value[name], `${where}.${name}`);
    }
    for (const name of needed) if (!has(value, name)) throw new Problem("C6", `${where} lacks the field ${name}`);
  };
  check.fits = (value) => needed.every((name) => has(value, name)) && Object.keys(value).every((name) => known.has(name));
  return check;
};

// Of several sets of fields, the one with the fields of the value counts, or else the first.
export const either = (...specs) => {
  const all = specs.map((spec) => (typeof spec === "function" ? spec : fields(spec)));
  return (value, where) => (all.find((spec) => isObject(value) && spec.fits(value)) || all[0])(value, where);
};
