// Ranked ballots that move from option to option: how they are read, the counting table, and irv-v1.

import { ranksOf } from "./ballots.js";
import { compare, mul, number } from "./fraction.js";
import { aRound, breakTie, entries, increase, outcome } from "./frame.js";

const REASONS = ["overvote", "skipped", "duplicate", "choices"];

/** The preferences on a ballot, each one id or several that are judged later, and the reason why they end. */
export function readRanking(ranks, rule, withdrawn) {
  const preferences = [];
  const earlier = new Set();
  let empty = 0;
  for (const rank of ranks) {
    if (rank.length === 0) {
      empty += 1;
      continue;
    }
    if (rule.max_skipped !== null && empty > rule.max_skipped) return { preferences, end: "skipped" };
    empty = 0;
    const marks = rank.filter((id) => !withdrawn.has(id));
    const fresh = marks.filter((id) => !earlier.has(id));
    if (rule.duplicate === "exhaust" && fresh.length < marks.length) return { preferences, end: "duplicate" };
    const overvote = fresh.length > 1;
    if (overvote && rule.overvote === "exhaust") return { preferences, end: "overvote" };
    const passedOver = overvote && rule.overvote === "skip";
    if (!passedOver || rule.duplicate === "exhaust") for (const id of fresh) earlier.add(id);
    if (fresh.length > 0 && !passedOver) preferences.push(fresh);
  }
  return { preferences, end: "choices" };
}

/** All ballots that read alike: how many, and where they stand now. `value` is that of each single one. */
class Paper {
  constructor(preferences, end, value) {
    this.preferences = preferences;
    this.end = end;
    this.value = value;
    this.number = 0n;
    this.at = -1;
  }

  /** The option it counts for next; null when it is out, by the reason `end`. */
  move(continuing) {
    while (this.at + 1 < this.preferences.length) {
      this.at += 1;
      const left = this.preferences[this.at].filter((id) => continuing.has(id));
      if (left.length > 1) {
        this.end = "overvote";
        return null;
      }
      if (left.length === 1) return left[0];
    }
    return null;
  }
}

/** The counting table: papers lie with an option, or are out of the count by a reason. Blank ballots never lay there. */
export class Desk {
  constructor(count, wholeVote) {
    const zero = mul(0n, wholeVote);
    const papers = new Map();
    for (const { key, times } of count.ballots) {
      if (key === "") continue;
      const { preferences, end } = readRanking(ranksOf(key), count.rule, count.withdrawn);
      const content = `${end}>${preferences.map((rank) => rank.join("=")).join(">")}`;
      if (!papers.has(content)) papers.set(content, new Paper(preferences, end, wholeVote));
      papers.get(content).number += times;
    }
    this.candidates = count.candidates;
    this.held = new Map(this.candidates.map((id) => [id, []]));
    this.out = new Map(REASONS.map((reason) => [reason, zero]));
    this.move([...papers.values()], new Set(this.candidates));
    const counted = new Set([...this.held.values()].flat());
    this.rejected = new Map();
    this.valid = 0n;
    for (const paper of papers.values()) {
      if (counted.has(paper)) this.valid += paper.number;
      else increase(this.rejected, paper.end, paper.number);
    }
  }

  /** Each paper to its next option: the votes that went to whom, and out by which reason. */
  move(papers, continuing) {
    const to = new Map();
    const exhausted = new Map();
    for (const paper of papers) {
      const votes = mul(paper.number, paper.value);
      const option = paper.move(continuing);
      if (option === null) {
        increase(exhausted, paper.end, votes);
        increase(this.out, paper.end, votes);
      } else {
        increase(to, option, votes);
        this.held.get(option).push(paper);
      }
    }
    return { to, exhausted };
  }

  take(option) {
    const papers = this.held.get(option);
    this.held.set(option, []);
    return papers;
  }
}

/** Transfers as results write them: without zeros. */
export function written({ to, exhausted }, write = number) {
  const part = (moved) => entries([...moved].filter(([, votes]) => compare(votes, 0n) !== 0), write);
  return { to: part(to), exhausted: part(exhausted) };
}

/** irv-v1. */
export function countIrv(count) {
  const desk = new Desk(count, 1n);
  const { rule } = count;
  const rounds = [];
  const history = [];
  let continuing = desk.valid > 0n ? desk.candidates : [];
  while (continuing.length > 0) {
    const held = (id) => desk.held.get(id).reduce((sum, paper) => sum + paper.number, 0n);
    const tally = new Map(continuing.map((id) => [id, held(id)]));
    const votes = [...tally.values()];
    const total = votes.reduce((sum, one) => sum + one, 0n);
    const most = votes.reduce((a, b) => (a > b ? a : b));
    const least = votes.reduce((a, b) => (a < b ? a : b));
    const these = { exhausted: entries(desk.out, number), threshold: number(total / 2n + 1n) };
    const round = aRound(tally, number, these);
    rounds.push(round);
    if (continuing.length <= 2 || (2n * most > total && !rule.until_two)) {
      const best = continuing.filter((id) => tally.get(id) === most);
      round.elected = [breakTie(count, "elect", best, [], round.ties)];
      break;
    }
    let losers = rule.batch ? hopeless(tally, rule.until_two ? 2 : 1) : [];
    if (losers.length < 2) {
      const last = continuing.filter((id) => tally.get(id) === least);
      losers = [breakTie(count, "exclude", last, history, round.ties)];
    }
    continuing = continuing.filter((id) => !losers.includes(id));
    round.excluded = losers;
    const left = new Set(continuing);
    round.transfers = Object.fromEntries(losers.map((id) => [id, written(desk.move(desk.take(id), left))]));
    history.push(tally);
  }
  return outcome(rounds, desk.rejected);
}

/** The longest run of smallest whole groups of equals that together have fewer votes than the next group. */
function hopeless(tally, keep) {
  const order = [...tally].sort(([, a], [, b]) => compare(a, b)); // stable: then in ballot order
  for (let size = order.length - keep; size > 0; size -= 1) {
    const below = order.slice(0, size); // a part of a group of equals never has fewer votes than the rest of it
    const together = below.reduce((sum, [, votes]) => sum + votes, 0n);
    if (together < order[size][1]) return below.map(([id]) => id);
  }
  return [];
}
