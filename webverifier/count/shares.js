// Single runs of pb-mes-v1 (the Method of Equal Shares for projects that cost money).
//
// Balances are BigInts in units of 1/`unit`, and `unit` grows as needed: exact, and faster than fractions. Ballots that hold
// the same because they paid the same form a class: one object with their money, so that sums and comparisons are made once.

import { pointsOf } from "./ballots.js";
import { compare, div, Fraction, number, smallestOf } from "./fraction.js";

const ZERO = new Fraction(0n);
const RUINED = { money: 0n };

export class EqualShares {
  /** `votes`: Map from project to the number of its supporters. */
  constructor(count, votes) {
    const byPoints = count.rule.utility === "points";
    this.count = count;
    this.votes = votes;
    this.kinds = count.ballots.length;
    this.supporters = new Map(count.ids.map((id) => [id, []])); // kinds of ballots, with their number and points
    for (const [kind, { key, times }] of count.ballots.entries()) {
      for (const [id, points] of pointsOf(key)) this.supporters.get(id).push({ kind, times, points: byPoints ? points : 1n });
    }
    this.factor = new Map(count.ids.map((id) => [id, count.rule.utility === "cost" ? count.cost.get(id) : 1n]));
  }

  /** One run in which every ballot starts with `voterBudget`; a record for each funded project. */
  run(voterBudget) {
    const { count, votes } = this;
    const run = new Run(this.kinds, this.supporters, voterBudget);
    // rho can only rise within a run, since money only falls: an old rho above the best needs no second look.
    let bounds = count.ids.filter((id) => votes.get(id) > 0n).map((id) => ({ id, rho: ZERO }));
    const rounds = [];
    for (;;) {
      let best = null;
      const found = [];
      const gone = new Set(); // whose supporters together cannot pay any more
      bounds.sort((a, b) => compare(a.rho, b.rho));
      for (const bound of bounds) {
        if (best !== null && compare(bound.rho, best) > 0) break;
        const share = run.leastShare(bound.id, count.cost.get(bound.id));
        if (share === null) {
          gone.add(bound);
          continue;
        }
        bound.rho = new Fraction(share.n, share.d * run.unit * this.factor.get(bound.id));
        found.push({ bound, share });
        best = best === null ? bound.rho : smallestOf([best, bound.rho]);
      }
      if (best === null) return rounds;
      const { alike, bound, share } = this.first(found.filter((one) => compare(one.bound.rho, best) === 0));
      const cost = count.cost.get(bound.id);
      const effective = number(div(cost * run.unit, run.largestPayment(bound.id, share)));
      const record = { option: bound.id, cost, supporters: votes.get(bound.id), rho: number(best) };
      rounds.push({ ...record, effective_votes: effective, tied: alike.length > 1 ? alike : [] });
      run.pay(bound.id, share);
      bounds = bounds.filter((one) => one !== bound && !gone.has(one));
    }
  }

  /** Of projects of equal rho the one funded: lower cost, more supporters, best lot; and all as good but for the lot. */
  first(found) {
    const { cost, lot } = this.count;
    const strength = ({ bound: { id: a } }, { bound: { id: b } }) =>
      compare(cost.get(a), cost.get(b)) || compare(this.votes.get(b), this.votes.get(a));
    found.sort((a, b) => strength(a, b) || lot.get(a.bound.id) - lot.get(b.bound.id));
    const alike = found.filter((one) => strength(one, found[0]) === 0).map(({ bound }) => bound.id);
    return { ...found[0], alike };
  }
}

/** The money in one run. */
class Run {
  constructor(kinds, supporters, voterBudget) {
    const all = { money: voterBudget.n };
    this.unit = voterBudget.d;
    this.supporters = supporters;
    this.classOf = Array.from({ length: kinds }, () => all); // by kind of ballot
  }

  /** The supporters of a project by class and points: {money, points, times}, those who are ruined first coming first. */
  purses(id) {
    const byPoints = new Map();
    for (const { kind, points, times } of this.supporters.get(id)) {
      if (!byPoints.has(points)) byPoints.set(points, new Map());
      const purses = byPoints.get(points);
      const held = this.classOf[kind];
      const purse = purses.get(held);
      if (purse) purse.times += times;
      else purses.set(held, { money: held.money, points, times });
    }
    const purses = [...byPoints.values()].flatMap((some) => [...some.values()]);
    return purses.sort((a, b) => compare(a.money * b.points, b.money * a.points));
  }

  /** The smallest share with which `cost` is paid when each pays share × points or all it has; null: that is too little. */
  leastShare(id, cost) {
    const purses = this.purses(id);
    let due = cost * this.unit;
    let points = purses.reduce((sum, purse) => sum + purse.points * purse.times, 0n);
    for (const purse of purses) {
      if (purse.money * points >= due * purse.points) return new Fraction(due, points); // everyone from here on can pay it
      due -= purse.money * purse.times;
      points -= purse.points * purse.times;
    }
    return null;
  }

  largestPayment(id, share) {
    const payments = this.purses(id).map(({ money, points }) => {
      const whole = share.n * points;
      return money * share.d < whole ? new Fraction(money) : new Fraction(whole, share.d);
    });
    return payments.reduce((a, b) => (compare(a, b) > 0 ? a : b));
  }

  pay(id, share) {
    this.unit *= share.d;
    for (const one of new Set(this.classOf)) one.money *= share.d;
    const made = new Map(); // class -> points -> class after the payment
    for (const { kind, points } of this.supporters.get(id)) {
      const before = this.classOf[kind];
      if (!made.has(before)) made.set(before, new Map());
      const next = made.get(before);
      if (!next.has(points)) {
        const payment = share.n * points;
        next.set(points, before.money > payment ? { money: before.money - payment } : RUINED);
      }
      this.classOf[kind] = next.get(points);
    }
  }
}
