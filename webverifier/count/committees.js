// Proportional rules for approvals: seqpav-v1, seqphragmen-v1, equal-shares-v1.
//
// Many ballots carry the same load or hold the same money. Such quantities are shared as one object, so that sums and
// comparisons are made once for all who share it.

import { pointsOf } from "./ballots.js";
import { add, compare, div, equal, Fraction, largestOf, mul, number, smallestOf, sub, up } from "./fraction.js";
import { aRound, aTie, increase, outcome } from "./frame.js";

const ZERO = new Fraction(0n);

/** The ballots that approve something, each kind with its number, and who approves what. */
class Approvals {
  constructor(count) {
    this.count = count;
    this.kinds = count.ballots.filter(({ key }) => key !== "");
    this.of = new Map(count.ids.map((id) => [id, []]));
    this.votes = new Map(count.ids.map((id) => [id, 0n]));
    for (const [place, { key, times }] of this.kinds.entries()) {
      for (const [id] of pointsOf(key)) {
        this.of.get(id).push(place);
        increase(this.votes, id, times);
      }
    }
  }

  /** The values of those who approve an option, each with the number of ballots that have it. `values` by kind of ballot. */
  supporters(id, values) {
    const numbers = new Map();
    for (const place of this.of.get(id)) {
      numbers.set(values[place], (numbers.get(values[place]) ?? 0n) + this.kinds[place].times);
    }
    return numbers;
  }

  /** Changes `values` for those who approve an option; equal objects become equal objects. */
  change(id, values, newValue) {
    const made = new Map();
    for (const place of this.of.get(id)) {
      const before = values[place];
      if (!made.has(before)) made.set(before, newValue(before));
      values[place] = made.get(before);
    }
  }

  /** Most approvals, then the best lot. Writes election and tie into the round. */
  choose(tied, round) {
    const most = tied.map((id) => this.votes.get(id)).reduce((a, b) => (a > b ? a : b));
    const best = this.count.byLot(tied.filter((id) => this.votes.get(id) === most));
    if (tied.length > 1) round.ties.push(aTie("elect", tied, [best[0]], best.length > 1));
    round.elected = [best[0]];
    return best[0];
  }
}

const having = (tally, value) => [...tally].filter(([, one]) => equal(one, value)).map(([id]) => id);

/** seqpav-v1. */
export function countSeqPav(count) {
  const approvals = new Approvals(count);
  const rounds = [];
  const share = approvals.kinds.map(() => 1n); // 1 + elected options that the kind approves
  let open = approvals.kinds.length > 0 ? count.ids : [];
  while (open.length > 0 && rounds.length < count.rule.seats) {
    const worth = (id) => {
      const parts = [...approvals.supporters(id, share)];
      return parts.reduce((sum, [part, times]) => add(sum, div(times, part)), ZERO);
    };
    const tally = new Map(open.map((id) => [id, worth(id)]));
    const round = aRound(tally);
    rounds.push(round);
    const winner = approvals.choose(having(tally, largestOf([...tally.values()])), round);
    for (const place of approvals.of.get(winner)) share[place] += 1n;
    open = open.filter((id) => id !== winner);
  }
  return outcome(rounds, new Map());
}

/** Rounds of seqphragmen-v1 for `seats` more, from the loads that the kinds of ballots already carry. */
function phragmenRounds(approvals, loads, options, seats) {
  const rounds = [];
  const load = [...loads];
  let open = options;
  const fullLoad = (id) => {
    const sum = [...approvals.supporters(id, load)].reduce((all, [one, times]) => add(all, mul(one, times)), 1n);
    return div(sum, approvals.votes.get(id));
  };
  while (open.length > 0 && rounds.length < seats) {
    const supported = open.filter((id) => approvals.votes.get(id) > 0n);
    const tally = new Map(supported.map((id) => [id, fullLoad(id)]));
    const round = aRound(tally);
    rounds.push(round);
    const least = tally.size > 0 ? smallestOf([...tally.values()]) : ZERO;
    const winner = approvals.choose(tally.size > 0 ? having(tally, least) : open, round);
    for (const place of approvals.of.get(winner)) load[place] = least;
    open = open.filter((id) => id !== winner);
  }
  return rounds;
}

/** seqphragmen-v1. */
export function countSeqPhragmen(count) {
  const approvals = new Approvals(count);
  const options = approvals.kinds.length > 0 ? count.ids : [];
  return outcome(phragmenRounds(approvals, approvals.kinds.map(() => ZERO), options, count.rule.seats), new Map());
}

/** What each supporter of an option pays at most, so that one is paid in all; null when they cannot. */
function rhoOf(approvals, id, money) {
  const purses = [...approvals.supporters(id, money)].sort(([a], [b]) => compare(a, b));
  let due = new Fraction(1n);
  let payers = approvals.votes.get(id);
  for (const [purse, times] of purses) {
    if (compare(mul(purse, payers), due) >= 0) return div(due, payers);
    due = sub(due, mul(purse, times));
    payers -= times;
  }
  return null;
}

/** Rounds of one run of equal-shares-v1 in which every ballot holds `share`, and what a ballot of each kind has left. */
function sharesRun(approvals, share) {
  const money = approvals.kinds.map(() => share);
  const rounds = [];
  let open = approvals.count.ids;
  for (;;) {
    const tally = new Map(open.map((id) => [id, rhoOf(approvals, id, money)]).filter(([, rho]) => rho !== null));
    if (tally.size === 0) return { rounds, money };
    const round = aRound(tally);
    rounds.push(round);
    const least = smallestOf([...tally.values()]);
    const winner = approvals.choose(having(tally, least), round);
    approvals.change(winner, money, (purse) => (compare(purse, least) > 0 ? sub(purse, least) : ZERO));
    open = open.filter((id) => id !== winner);
  }
}

const lotIn = (rounds) => outcome(rounds, new Map()).lots_used;

/** Raises the voters' money run by run: the kept run, its share and raises, and whether a lot decided in any other run. */
function addOne(approvals, ballots, seats) {
  const votes = [...approvals.votes.values()].filter((one) => one > 0n).sort((a, b) => (a > b ? -1 : a < b ? 1 : 0));
  const supported = votes.length;
  const enough = up(ballots, votes[Math.min(seats, supported) - 1]) - BigInt(seats) - 1n;
  let raises = enough > 0n ? enough : 0n; // earlier runs elect fewer, whatever the lots
  const shareOf = (j) => new Fraction(BigInt(seats) + j, ballots);
  let { rounds } = sharesRun(approvals, shareOf(raises));
  let elsewhere = false;
  while (rounds.length !== seats && rounds.length !== supported) {
    elsewhere ||= lotIn(rounds);
    const more = sharesRun(approvals, shareOf(raises + 1n)).rounds;
    if (more.length > seats) {
      elsewhere ||= lotIn(more);
      break;
    }
    raises += 1n;
    rounds = more;
  }
  return { rounds, share: shareOf(raises), raises, elsewhere };
}

/** equal-shares-v1. */
export function countShares(count) {
  const approvals = new Approvals(count);
  const { seats, completion } = count.rule;
  const nothing = { voter_budget: "0", ...(completion === "add1" ? { raises: 0 } : {}) };
  if (approvals.kinds.length === 0) return outcome([], new Map(), nothing);
  const ballots = count.ballots.reduce((sum, { times }) => sum + times, 0n);
  if (completion === "add1") {
    const { rounds, share, raises, elsewhere } = addOne(approvals, ballots, seats);
    const found = outcome(rounds, new Map(), { voter_budget: number(share), raises });
    return { ...found, lots_used: found.lots_used || elsewhere };
  }
  const share = new Fraction(BigInt(seats), ballots);
  const { rounds, money } = sharesRun(approvals, share);
  if (completion === "seqphragmen") {
    const taken = new Set(rounds.flatMap((round) => round.elected));
    const spent = new Map(money.map((rest) => [rest, null]));
    for (const rest of spent.keys()) spent.set(rest, sub(share, rest));
    const loads = money.map((rest) => spent.get(rest));
    const rest = count.ids.filter((id) => !taken.has(id));
    for (const round of phragmenRounds(approvals, loads, rest, seats - rounds.length)) rounds.push({ ...round, completion });
  }
  return outcome(rounds, new Map(), { voter_budget: number(share) });
}
