// Budget rules: pb-greedy-v1, pb-mes-v1 with its completions.

import { pointsOf } from "./ballots.js";
import { add, compare, Fraction, number } from "./fraction.js";
import { CannotCount, increase } from "./frame.js";
import { EqualShares } from "./shares.js";

const MAX_RUNS = 100_000;

/** Scores (approvals or points) and numbers of supporters of the projects. */
function tallyOf(count) {
  const score = new Map(count.ids.map((id) => [id, 0n]));
  const votes = new Map(score);
  for (const { key, times } of count.ballots) {
    for (const [id, points] of pointsOf(key)) {
      increase(score, id, points * times);
      increase(votes, id, times);
    }
  }
  return { score, votes };
}

/**
 * pb-greedy-v1 over `projects` with `money`, one record a project. Nobody with a rival in `taken` is funded, and whoever is
 * funded is added to `taken`. `rivals`: Map from project to a list.
 */
function walkGreedy(count, score, projects, money, { threshold, stop, rivals, taken } = alone()) {
  const merit = (a, b) => compare(score.get(b), score.get(a)) || compare(count.cost.get(a), count.cost.get(b));
  const order = [...projects].sort((a, b) => merit(a, b) || count.lot.get(a) - count.lot.get(b));
  let left = money;
  let stopped = false;
  return order.map((option) => {
    const cost = count.cost.get(option);
    let decision = "unaffordable";
    if (score.get(option) < threshold) decision = "below_threshold";
    else if (stopped) decision = "stopped";
    else if ((rivals.get(option) ?? []).some((rival) => taken.has(rival))) decision = "group_taken";
    else if (cost <= left) {
      decision = "funded";
      left -= cost;
      taken.add(option);
    } else stopped = stop;
    const tied = order.filter((other) => merit(option, other) === 0);
    return { option, score: score.get(option), cost, left, decision, tied: tied.length > 1 ? tied : [] };
  });
}

const alone = () => ({ threshold: 0, stop: false, rivals: new Map(), taken: new Set() });

const funded = (rounds) => rounds.filter((round) => round.decision === "funded").map((round) => round.option);

/** pb-greedy-v1. */
export function countGreedy(count) {
  const { rule } = count;
  const { score } = tallyOf(count);
  const groups = rule.groups ?? [];
  const rivals = new Map(groups.flatMap((group) => group.map((id) => [id, group.filter((other) => other !== id)])));
  const options = { threshold: rule.threshold, stop: rule.mode === "stop", rivals, taken: new Set() };
  let rounds;
  if (rule.pots && rule.pots.length > 0) {
    rounds = rule.pots.flatMap((pot) => {
      const walk = walkGreedy(count, score, pot.options, BigInt(pot.budget), options);
      return walk.map((round) => ({ ...round, pot: pot.id }));
    });
  } else {
    rounds = walkGreedy(count, score, count.ids, count.budget, options);
  }
  return { rounds, winners: funded(rounds) };
}

/** Runs of Equal Shares until one is kept: its records, its voter budget, all runs, and whether a lot decided in any. */
function runsOf(count, votes, ballots) {
  const { rule, budget } = count;
  const add1 = rule.completion.includes("add1");
  const shares = new EqualShares(count, votes);
  const runs = [];
  let share = add1 && rule.integral ? new Fraction(budget / ballots) : new Fraction(budget, ballots);
  let kept = [];
  let keptShare = share;
  let lotsUsed = false;
  for (;;) {
    if (runs.length >= MAX_RUNS) throw new CannotCount(`the count needs more than ${MAX_RUNS} runs`);
    const rounds = shares.run(share);
    const spent = rounds.reduce((sum, round) => sum + round.cost, 0n);
    lotsUsed ||= rounds.some((round) => round.tied.length > 0);
    runs.push({ voter_budget: number(share), spent, winners: rounds.length });
    if (spent > budget) break;
    kept = rounds;
    keptShare = share;
    const bought = new Set(rounds.map((round) => round.option));
    const open = count.ids.filter((id) => votes.get(id) > 0n && !bought.has(id));
    if (!add1 || open.length === 0) break;
    if (rule.stop_when_exhaustive && open.every((id) => count.cost.get(id) > budget - spent)) break;
    share = add(share, BigInt(rule.step));
  }
  return { kept, keptShare, runs, lotsUsed };
}

/** pb-mes-v1 with its completions. */
export function countEqualShares(count) {
  const { rule, budget } = count;
  const compared = rule.completion.includes("comparison");
  const ballots = count.ballots.reduce((sum, { times }) => sum + times, 0n);
  if (ballots === 0n) {
    const verdict = compared ? { comparison: { prefer_mes: 0, prefer_greedy: 0, chosen: "mes" } } : {};
    return { rounds: [], voter_budget: "0", runs: [], winners: [], ...verdict };
  }
  const { score, votes } = tallyOf(count);
  const { kept, keptShare, runs, lotsUsed } = runsOf(count, votes, ballots);
  const found = { voter_budget: number(keptShare), runs, lots_used: lotsUsed };
  let rounds = kept;
  let winners = kept.map((round) => round.option);
  const complete = (walk, completion) => {
    rounds = [...rounds, ...walk.map((round) => ({ ...round, completion }))];
  };
  if (rule.completion.includes("utilitarian")) {
    const money = kept.reduce((left, round) => left - round.cost, budget);
    const walk = walkGreedy(count, score, count.ids.filter((id) => !winners.includes(id)), money);
    complete(walk, "utilitarian");
    winners = [...winners, ...funded(walk)];
  }
  if (compared) {
    const walk = walkGreedy(count, score, count.ids, budget);
    complete(walk, "comparison");
    found.comparison = compareSets(count, new Set(winners), new Set(funded(walk)));
    if (found.comparison.chosen === "greedy") winners = funded(walk);
  }
  return { ...found, rounds, winners };
}

/** Of how many ballots more projects are among `ours`, of how many more among `theirs`. */
function compareSets(count, ours, theirs) {
  let mes = 0n;
  let greedy = 0n;
  for (const { key, times } of count.ballots) {
    const projects = pointsOf(key).map(([id]) => id);
    const more = projects.filter((id) => ours.has(id)).length - projects.filter((id) => theirs.has(id)).length;
    if (more > 0) mes += times;
    if (more < 0) greedy += times;
  }
  return { prefer_mes: mes, prefer_greedy: greedy, chosen: greedy > mes ? "greedy" : "mes" };
}
