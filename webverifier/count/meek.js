// stv-meek-prf-v1, in BigInts of 10^-9.

import { fixed, largestOf, smallestOf, up } from "./fraction.js";
import { aRound, breakTie, entries, outcome } from "./frame.js";
import { Desk } from "./ranked.js";

const ONE = 10n ** 9n;
const OMEGA = 10n ** 3n;
const write = fixed(9);

const sum = (votes) => [...votes].reduce((total, one) => total + one, 0n);

/** The ways that papers go, with how many go each: the options that may take a part. Nothing passes a hopeful. */
function pathsOf(papers, keep, hopeful) {
  const paths = new Map();
  for (const paper of papers) {
    const path = [];
    for (const [id] of paper.preferences) {
      if (keep.get(id) > 0n) path.push(id);
      if (hopeful.includes(id)) break;
    }
    const key = path.join(">");
    const known = paths.get(key);
    if (known) known.times += paper.number;
    else paths.set(key, { path, times: paper.number });
  }
  return [...paths.values()];
}

/** The votes of every option that has a keep factor. */
function share(paths, keep) {
  const tally = new Map([...keep].filter(([, part]) => part > 0n).map(([id]) => [id, 0n]));
  for (const { path, times } of paths) {
    let weight = ONE;
    for (const id of path) {
      const gift = up(weight * keep.get(id), ONE);
      tally.set(id, tally.get(id) + gift * times);
      weight -= gift;
    }
  }
  return tally;
}

export function countMeek(count) {
  const desk = new Desk(count, 1n);
  const rounds = [];
  const done = () => outcome(rounds, desk.rejected);
  if (desk.valid === 0n) return done();
  const { seats } = count.rule;
  const papers = [...desk.held.values()].flat();
  const keep = new Map(desk.candidates.map((id) => [id, ONE]));
  const elected = [];
  let hopeful = desk.candidates;

  function elect(round, options, tally) {
    for (let left = options; left.length > 0 && elected.length < seats; ) {
      const most = largestOf(left.map((id) => tally.get(id)));
      const winner = breakTie(count, "elect", left.filter((id) => tally.get(id) === most), [], round.ties);
      left = left.filter((id) => id !== winner);
      hopeful = hopeful.filter((id) => id !== winner);
      elected.push(winner);
      round.elected.push(winner);
    }
  }

  /** Iterations until somebody reaches the quota or somebody is to be excluded. */
  function iterate(few) {
    const paths = pathsOf(papers, keep, hopeful);
    const ties = [];
    let surplus = 0n;
    for (let iterations = 1; ; iterations += 1) {
      const tally = share(paths, keep);
      const quota = sum(tally.values()) / (BigInt(seats) + 1n) + 1n;
      const reached = few ? hopeful : hopeful.filter((id) => tally.get(id) >= quota);
      const found = { tally, quota, reached, excluded: [], ties, iterations };
      if (few || reached.length > 0) return { ...found, surplus };
      const previous = surplus;
      const over = sum(elected.map((id) => tally.get(id) - quota));
      surplus = over > 0n ? over : 0n;
      if (surplus < OMEGA || (iterations > 1 && surplus >= previous)) {
        const least = smallestOf(hopeful.map((id) => tally.get(id)));
        const last = hopeful.filter((id) => tally.get(id) <= least + surplus);
        return { ...found, surplus, excluded: [breakTie(count, "exclude", last, [], ties)] };
      }
      for (const id of elected) {
        const part = up(up(keep.get(id) * quota, ONE) * ONE, tally.get(id));
        keep.set(id, part < ONE ? part : ONE);
      }
    }
  }

  const few = hopeful.length <= seats;
  for (;;) {
    const { tally, quota, surplus, reached, excluded, ties, iterations } = iterate(few);
    const kept = entries([...keep].filter(([id]) => tally.has(id)), write);
    const unspent = desk.valid * ONE - sum(tally.values());
    const these = { exhausted: { unspent: write(unspent) }, quota: write(quota), surplus: write(surplus), keep: kept };
    const round = aRound(tally, write, { ...these, ties, excluded, iterations });
    rounds.push(round);
    elect(round, reached, tally);
    for (const id of excluded) keep.set(id, 0n);
    hopeful = hopeful.filter((id) => !excluded.includes(id));
    if (elected.length < seats && hopeful.length + elected.length <= seats) elect(round, hopeful, tally);
    if (elected.length >= seats || hopeful.length === 0) return done();
  }
}
