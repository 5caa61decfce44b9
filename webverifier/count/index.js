// The recount: every poll rule of docs/reference/results.md once more, with the same bytes as a result.
//
//   useSha256(fn)                                      fn: Uint8Array -> Uint8Array; to be called once, before all else
//   marksOf(b) -> key                                  the key of the ballot in a `b` of ballot.cast
//   groupBallots(iterable of b) -> groups              Map from key to the number of such ballots
//   ballotFile(pollId, method, ids, groups) -> string  the canonical ballot file
//   ballotsSha256(pollId, method, ids, groups) -> hex  its SHA-256
//   recount(pollId, config, groups, beacon, seedBallotsSha256) -> result
//       config: `d` of poll.created; groups: of the ballots counted; seedBallotsSha256: that of poll.closed, for the lots.
//       Throws CannotCount where this program does not know the rule, or the count needs more runs than are made.
//   canonical(value) -> string                         canonical JSON; integers may be Numbers or BigInts
//
// A result holds Numbers, and BigInts only beyond 2^53 - 1. Nothing here touches the network, the page or the clock.

import { ballotsSha256, drawLots } from "./ballots.js";
import { countGreedy, countEqualShares } from "./budget.js";
import { countSeqPav, countSeqPhragmen, countShares } from "./committees.js";
import { CannotCount, Count, entries } from "./frame.js";
import { countMeek } from "./meek.js";
import { countBorda, countRankedPairs, countSchulze } from "./pairs.js";
import { countApproval, countCumulative, countScore } from "./points.js";
import { countIrv } from "./ranked.js";
import { countScottish } from "./scottish.js";

export { ballotFile, ballotsSha256, groupBallots, marksOf, useSha256 } from "./ballots.js";
export { CannotCount } from "./frame.js";

const COUNTS = new Map([
  ["irv-v1", countIrv], ["stv-scottish-v1", countScottish], ["stv-meek-prf-v1", countMeek], ["schulze-wv-v1", countSchulze],
  ["ranked-pairs-v1", countRankedPairs], ["borda-v1", countBorda], ["approval-v1", countApproval], ["score-v1", countScore],
  ["cumulative-v1", countCumulative], ["seqpav-v1", countSeqPav], ["seqphragmen-v1", countSeqPhragmen],
  ["equal-shares-v1", countShares],
]);
const BUDGET_COUNTS = new Map([["pb-greedy-v1", countGreedy], ["pb-mes-v1", countEqualShares]]);

/** The whole result record of a poll, from its configuration and its ballots alone. */
export function recount(pollId, config, groups, beacon, seedBallotsSha256) {
  const { method, rule } = config;
  const ids = config.options.map((option) => option.id);
  const budgeted = BUDGET_COUNTS.has(method);
  const rejected = new Map();
  const { seed, order } = drawLots(pollId, seedBallotsSha256, beacon, ids);
  const lot = new Map(order.map((id, place) => [id, place]));
  let found;
  if (budgeted) {
    const cost = new Map(config.options.map((option) => [option.id, BigInt(option.cost)]));
    found = BUDGET_COUNTS.get(method)(new Count(ids, groups, rule, lot, { cost, budget: BigInt(config.budget) }));
    found.budget = config.budget;
    found.spent = found.winners.reduce((sum, id) => sum + cost.get(id), 0n);
    found.lots_used = (found.lots_used ?? false) || found.rounds.some((round) => round.tied.length > 0);
  } else if (COUNTS.has(method)) {
    found = COUNTS.get(method)(new Count(ids, groups, rule, lot));
  } else {
    throw new CannotCount(`this program cannot count by the rule ${method}`);
  }
  const total = sumOf(groups.values());
  if (!budgeted && total < rule.quorum) found.winners = [];
  for (const [reason, times] of found.rejected ?? []) if (times) rejected.set(reason, times);
  const blank = BigInt(groups.get("") ?? 0);
  const valid = total - blank - sumOf(rejected.values());
  const input = { ballots: total, blank, valid, rejected: entries(rejected, (times) => times) };
  const hash = ballotsSha256(pollId, method, ids, groups);
  const frame = { v: 1, poll: pollId, rule: method, options: rule, ballots_sha256: hash, seed, tie_order: order };
  return plain({ ...frame, ...found, input, rejected: undefined });
}

function sumOf(numbers) {
  let sum = 0n;
  for (const one of numbers) sum += BigInt(one);
  return sum;
}

/** The same with Numbers for BigInts wherever they hold them exactly. */
function plain(value) {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(kept.map(([name, part]) => [name, plain(part)]));
}

/** RFC 8785 for the values we allow: null, booleans, strings, integers, lists, objects. */
export function canonical(value) {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new RangeError("a number that is not an exact integer");
    return String(value);
  }
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object") throw new TypeError(`no JSON for ${typeof value}`);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}
