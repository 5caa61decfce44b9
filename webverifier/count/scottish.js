// stv-scottish-v1. Votes are BigInts of 10^-decimals, or fractions where nothing is rounded.

import { add, compare, div, equal, fixed, Fraction, largestOf, mul, number, smallestOf, sub, up } from "./fraction.js";
import { aRound, breakTie, entries, increase, outcome } from "./frame.js";
import { Desk, written } from "./ranked.js";

function quotaOf(rule, valid, one, exact) {
  const seats = BigInt(rule.seats);
  if (rule.quota === "droop_int") return mul(valid / (seats + 1n) + 1n, one);
  if (rule.quota === "hare_int") return mul(valid / seats > 1n ? valid / seats : 1n, one);
  return exact ? div(valid, seats + 1n) : up(valid * one, seats + 1n);
}

export function countScottish(count) {
  const { rule } = count;
  const { seats } = rule;
  const exact = rule.decimals === "exact";
  const one = exact ? new Fraction(1n) : 10n ** BigInt(rule.decimals);
  const zero = sub(one, one);
  const write = exact ? number : fixed(rule.decimals);
  const desk = new Desk(count, one);
  const quota = quotaOf(rule, desk.valid, one, exact);
  const rounds = [];
  const done = () => outcome(rounds, desk.rejected, { quota: write(quota) });
  if (desk.valid === 0n) return done();
  desk.out.set("rounding", zero);
  const standing = (id) => desk.held.get(id).reduce((sum, paper) => add(sum, mul(paper.number, paper.value)), zero);
  const tally = new Map(desk.candidates.map((id) => [id, standing(id)]));
  const history = [];
  const elected = [];
  let continuing = desk.candidates;
  let waiting = []; // elected, with a surplus that may still be passed on

  /** The continuing options with at least `least`, while there are seats. */
  function elect(round, least) {
    while (elected.length < seats && continuing.length > 0) {
      const most = largestOf(continuing.map((id) => tally.get(id)));
      if (compare(most, least) < 0) return;
      const best = continuing.filter((id) => equal(tally.get(id), most));
      const winner = breakTie(count, "elect", best, history, round.ties);
      continuing = continuing.filter((id) => id !== winner);
      elected.push(winner);
      waiting.push(winner);
      round.elected.push(winner);
    }
  }

  /** Passes the surplus `largest` − quota of one of the options that have `largest`; returns who and what moved. */
  function passSurplus(round, largest) {
    const richest = desk.candidates.filter((id) => waiting.includes(id) && equal(tally.get(id), largest));
    const giver = breakTie(count, "surplus", richest, history, round.ties);
    const surplus = sub(largest, quota);
    const papers = desk.take(giver);
    for (const paper of papers) {
      const value = mul(surplus, paper.value);
      paper.value = exact ? div(value, largest) : value / largest;
    }
    const moved = desk.move(papers, new Set(continuing));
    const lost = [...moved.to.values(), ...moved.exhausted.values()].reduce(sub, surplus);
    increase(desk.out, "rounding", lost);
    moved.exhausted.set("rounding", lost);
    waiting = waiting.filter((id) => id !== giver);
    round.surplus = giver;
    tally.set(giver, quota);
    return { giver, moved };
  }

  function exclude(round) {
    const least = smallestOf(continuing.map((id) => tally.get(id)));
    const last = continuing.filter((id) => equal(tally.get(id), least));
    const giver = breakTie(count, "exclude", last, history, round.ties);
    continuing = continuing.filter((id) => id !== giver);
    round.excluded = [giver];
    tally.delete(giver);
    return { giver, moved: desk.move(desk.take(giver), new Set(continuing)) };
  }

  for (;;) {
    const round = aRound(tally, write, { exhausted: entries(desk.out, write), surplus: null });
    rounds.push(round);
    const before = new Map(tally);
    elect(round, quota);
    if (elected.length === seats || continuing.length <= seats - elected.length) {
      elect(round, zero);
      return done();
    }
    const largest = largestOf([quota, ...waiting.map((id) => tally.get(id))]);
    const { giver, moved } = compare(largest, quota) > 0 ? passSurplus(round, largest) : exclude(round);
    for (const [id, votes] of moved.to) increase(tally, id, votes);
    round.transfers = Object.fromEntries([[giver, written(moved, write)]]);
    history.push(before);
  }
}
