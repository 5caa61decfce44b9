// Approvals and points added up: approval-v1, score-v1, cumulative-v1.

import { pointsOf } from "./ballots.js";
import { number } from "./fraction.js";
import { aRound, increase, outcome, seatsByScore } from "./frame.js";

/** One round by the sums of all ballots without a fault. `fault`: the points on a ballot -> a reason, "" when it counts. */
function sumUp(count, fault, majority = () => true) {
  const tally = new Map(count.ids.map((id) => [id, 0n]));
  const rejected = new Map();
  let valid = 0n;
  for (const { key, times } of count.ballots) {
    if (key === "") continue;
    const marks = pointsOf(key);
    const reason = fault(marks.map(([, points]) => points));
    if (reason) {
      increase(rejected, reason, times);
    } else {
      valid += times;
      for (const [id, points] of marks) increase(tally, id, points * times);
    }
  }
  if (valid === 0n) return outcome([], rejected);
  const { elected, ties } = seatsByScore(count, tally);
  const stay = elected.filter((id) => majority(tally.get(id), valid));
  return outcome([aRound(tally, number, { elected: stay, ties })], rejected);
}

/** approval-v1. */
export function countApproval(count) {
  const { min, max, majority } = count.rule;
  const fault = (points) => (points.length < min ? "too_few" : max !== null && points.length > max ? "too_many" : "");
  if (majority === null) return sumUp(count, fault);
  const [, sign, a, b] = /^(>=?)([0-9]+)\/([0-9]+)$/.exec(majority);
  const enough = (votes, valid) => {
    const over = votes * BigInt(b) - valid * BigInt(a);
    return over > 0n || (over === 0n && sign === ">=");
  };
  return sumUp(count, fault, enough);
}

/** score-v1. */
export function countScore(count) {
  const { max } = count.rule;
  return sumUp(count, (points) => (max !== null && points.some((one) => one > max) ? "too_much" : ""));
}

/** cumulative-v1. */
export function countCumulative(count) {
  const { max_points: most, max_sum: wholeSum, exact_sum: exact, min_options: least } = count.rule;
  return sumUp(count, (points) => {
    const sum = points.reduce((total, one) => total + one, 0n);
    if (most !== null && points.some((one) => one > most)) return "too_much";
    if (wholeSum !== null && sum > wholeSum) return "too_much";
    if (exact && sum !== BigInt(wholeSum)) return "wrong_sum";
    return points.length < least ? "too_few" : "";
  });
}
