// Exact arithmetic. A quantity is a BigInt or a Fraction; no floating-point number comes near votes or money.

function gcd(a, b) {
  while (b) [a, b] = [b, a % b];
  return a;
}

/** A fraction in lowest terms, denominator above 0. `n` and `d` are BigInts. */
export class Fraction {
  constructor(numerator, denominator = 1n) {
    if (denominator === 0n) throw new RangeError("a fraction of zero");
    if (denominator < 0n) [numerator, denominator] = [-numerator, -denominator];
    const common = denominator === 1n ? 1n : gcd(numerator < 0n ? -numerator : numerator, denominator);
    this.n = numerator / common;
    this.d = denominator / common;
  }
}

const top = (a) => (typeof a === "bigint" ? a : a.n);
const bottom = (a) => (typeof a === "bigint" ? 1n : a.d);
const whole = (a, b) => typeof a === "bigint" && typeof b === "bigint";

export function add(a, b) {
  return whole(a, b) ? a + b : new Fraction(top(a) * bottom(b) + top(b) * bottom(a), bottom(a) * bottom(b));
}

export function sub(a, b) {
  return whole(a, b) ? a - b : new Fraction(top(a) * bottom(b) - top(b) * bottom(a), bottom(a) * bottom(b));
}

export function mul(a, b) {
  return whole(a, b) ? a * b : new Fraction(top(a) * top(b), bottom(a) * bottom(b));
}

/** Always a Fraction: nothing is rounded. */
export function div(a, b) {
  return new Fraction(top(a) * bottom(b), bottom(a) * top(b));
}

/** Below 0, 0 or above 0, as sort() wants it. */
export function compare(a, b) {
  const left = top(a) * bottom(b);
  const right = top(b) * bottom(a);
  return left < right ? -1 : left > right ? 1 : 0;
}

export const equal = (a, b) => compare(a, b) === 0;

/** The largest of a list that is not empty. */
export const largestOf = (list) => list.reduce((best, a) => (compare(a, best) > 0 ? a : best));

/** The smallest of a list that is not empty. */
export const smallestOf = (list) => list.reduce((best, a) => (compare(a, best) < 0 ? a : best));

/** a/b of two BigInts from 0 on (b above 0), rounded up. */
export const up = (a, b) => (a + b - 1n) / b;

/** As results write a whole number or a fraction: lowest terms, "7" when whole. */
export const number = (a) => (bottom(a) === 1n ? String(top(a)) : `${top(a)}/${bottom(a)}`);

/** How results write a number of units of 10^-places, from 0 on: always that many decimals. */
export function fixed(places) {
  const one = 10n ** BigInt(places);
  return (units) => `${units / one}.${String(units % one).padStart(places, "0")}`;
}
