// What all rules share: the ballots to count, rounds, ties, seats by score.

import { add, compare, equal, largestOf, number, smallestOf } from "./fraction.js";

/** Nothing is known to be wrong with the poll, but this program cannot count it. */
export class CannotCount extends Error {}

/** What every rule counts. `ids`: options in ballot order. `purse`: `cost` (Map of BigInts) and `budget` of budget rules. */
export class Count {
  constructor(ids, groups, rule, lot, purse = {}) {
    const withdrawn = new Set(rule.withdrawn ?? []);
    this.ids = ids;
    this.rule = rule;
    this.lot = lot;
    this.withdrawn = withdrawn;
    this.candidates = ids.filter((id) => !withdrawn.has(id));
    this.ballots = [...groups].map(([key, times]) => ({ key, times: BigInt(times) })); // blank ones too
    Object.assign(this, purse);
  }

  /** The same options, best lot first. */
  byLot(options) {
    return [...options].sort((a, b) => this.lot.get(a) - this.lot.get(b));
  }
}

/** A Map as an object of a record. */
export function entries(map, write) {
  return Object.fromEntries([...map].map(([name, value]) => [name, write(value)]));
}

export function aRound(tally, write = number, fields = {}) {
  const round = { tallies: entries(tally, write), elected: [], excluded: [], transfers: {}, exhausted: {}, ties: [] };
  return Object.assign(round, fields);
}

export function aTie(reason, tied, chosen, lot, lookback = []) {
  return { for: reason, tied, chosen, lot, lookback };
}

/** The one of `tied` (in ballot order) that is taken: by looking back through `history`, then by lot. Adds to `ties`. */
export function breakTie(count, reason, tied, history, ties) {
  if (tied.length === 1) return tied[0];
  const extreme = reason === "exclude" ? smallestOf : largestOf;
  const lookback = [];
  let left = tied;
  for (let place = history.length; place > 0 && left.length > 1; place -= 1) {
    const then = history[place - 1];
    const best = extreme(left.map((id) => then.get(id)));
    const kept = left.filter((id) => equal(then.get(id), best));
    if (kept.length < left.length) {
      left = kept;
      lookback.push({ round: place, left });
    }
  }
  const chosen = count.byLot(left).at(reason === "exclude" ? -1 : 0);
  ties.push(aTie(reason, tied, [chosen], left.length > 1, lookback));
  return chosen;
}

/** What a rule without a budget decides. Winners are those elected in the rounds; `rejected`: Map from reason to number. */
export function outcome(rounds, rejected, further = {}) {
  const winners = rounds.flatMap((round) => round.elected);
  const lotsUsed = rounds.some((round) => round.ties.some((tie) => tie.lot));
  return { rounds, winners, lots_used: lotsUsed, rejected, ...further };
}

/** Whom the highest scores elect, and a tie for each group of equals that somebody is elected from. */
export function seatsByScore(count, tally) {
  const order = [...tally].sort(([, a], [, b]) => compare(b, a)); // stable: equals in ballot order
  const elected = [];
  const ties = [];
  for (let at = 0; at < order.length && elected.length < count.rule.seats; ) {
    const group = order.slice(at).filter(([, score]) => equal(score, order[at][1])).map(([id]) => id);
    const chosen = count.byLot(group).slice(0, count.rule.seats - elected.length);
    if (group.length > 1) ties.push(aTie("elect", group, chosen, true));
    elected.push(...chosen);
    at += group.length;
  }
  return { elected, ties };
}

/** `map.get(name)` becomes larger by `amount`. */
export function increase(map, name, amount) {
  const before = map.get(name);
  map.set(name, before === undefined ? amount : add(before, amount));
}
