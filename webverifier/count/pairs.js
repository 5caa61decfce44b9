// Ranked ballots compared pair by pair (schulze-wv-v1, ranked-pairs-v1) and by position (borda-v1).

import { ranksOf } from "./ballots.js";
import { Fraction, number } from "./fraction.js";
import { aRound, aTie, increase, outcome, seatsByScore } from "./frame.js";

/** Each ballot as ranks of equals, best first, with how many there are of it; and how many name withdrawn options only. */
function readPreferences(count) {
  const ballots = [];
  const rejected = new Map();
  const candidates = new Set(count.candidates);
  for (const { key, times } of count.ballots) {
    const seen = new Set();
    const ranks = [];
    for (const rank of ranksOf(key)) {
      const fresh = rank.filter((id) => candidates.has(id) && !seen.has(id));
      for (const id of fresh) seen.add(id);
      if (fresh.length > 0) ranks.push(fresh);
    }
    if (ranks.length > 0) ballots.push({ ranks, times });
    else if (key !== "") increase(rejected, "choices", times);
  }
  return { ballots, rejected };
}

/** How many ballots rank one option above another: rows and columns in ballot order. */
function duels(options, ballots) {
  const place = new Map(options.map((id, at) => [id, at]));
  const d = options.map(() => options.map(() => 0n));
  for (const { ranks, times } of ballots) {
    const below = new Set(place.values());
    for (const rank of ranks) {
      const places = rank.map((id) => place.get(id));
      for (const i of places) below.delete(i);
      for (const i of places) for (const j of below) d[i][j] += times;
    }
  }
  return d;
}

function condorcetWinner(options, d) {
  const wins = (i) => options.every((_, j) => j === i || d[i][j] > d[j][i]);
  return options.find((_, i) => wins(i)) ?? null;
}

/** The strongest path from each to each. */
function strongestPaths(d) {
  const path = d.map((row, i) => row.map((votes, j) => (votes > d[j][i] ? votes : 0n)));
  for (const via of path.keys()) {
    for (const i of path.keys()) {
      for (const j of path.keys()) {
        const weakest = path[i][via] < path[via][j] ? path[i][via] : path[via][j];
        if (i !== j && weakest > path[i][j]) path[i][j] = weakest;
      }
    }
  }
  return path;
}

/** schulze-wv-v1. */
export function countSchulze(count) {
  const { ballots, rejected } = readPreferences(count);
  const options = count.candidates;
  const d = duels(options, ballots);
  const paths = strongestPaths(d);
  const ranking = [];
  for (let left = [...options.keys()]; left.length > 0; ) {
    const best = left.filter((i) => !left.some((j) => paths[j][i] > paths[i][j]));
    ranking.push(count.byLot(best.map((i) => options[i])));
    left = left.filter((i) => !best.includes(i));
  }
  const elected = [];
  const ties = [];
  for (const equals of ranking) {
    const chosen = equals.slice(0, count.rule.seats - elected.length);
    const tied = options.filter((id) => equals.includes(id));
    if (chosen.length > 0 && tied.length > 1) ties.push(aTie("elect", tied, chosen, true));
    elected.push(...chosen);
  }
  const rounds = ballots.length > 0 ? [aRound(new Map(), number, { elected, ties })] : [];
  const further = { candidates: options, matrix: d, paths, condorcet_winner: condorcetWinner(options, d), ranking };
  return outcome(rounds, rejected, further);
}

/** All pairs to be locked, the strongest first: the places of two options, votes for the first, and the margin. */
function sortedPairs(options, d, lot) {
  const lots = options.map((id) => lot.get(id));
  const pairs = [];
  for (const i of options.keys()) {
    for (const j of options.keys()) {
      const margin = d[i][j] - d[j][i];
      if (margin > 0n || (margin === 0n && lots[i] < lots[j])) pairs.push({ i, j, votes: d[i][j], margin });
    }
  }
  const larger = (a, b) => (a > b ? -1 : a < b ? 1 : 0);
  const byLot = (a, b) => lots[a.i] - lots[b.i] || lots[a.j] - lots[b.j];
  return pairs.sort((a, b) => larger(a.margin, b.margin) || larger(a.votes, b.votes) || byLot(a, b));
}

/** ranked-pairs-v1. */
export function countRankedPairs(count) {
  const { ballots, rejected } = readPreferences(count);
  const options = count.candidates;
  const d = duels(options, ballots);
  const sorted = sortedPairs(options, d, count.lot);
  const strength = ({ margin, votes }) => `${margin} ${votes}`;
  const alike = new Map();
  for (const pair of sorted) alike.set(strength(pair), (alike.get(strength(pair)) ?? 0) + 1);
  const beaten = options.map(() => new Set()); // by locked pairs, over any number of steps
  const pairs = sorted.map((pair) => {
    const { i, j, votes, margin } = pair;
    const locked = !beaten[j].has(i);
    if (locked) {
      const upper = [i, ...options.keys()].filter((u) => u === i || beaten[u].has(i));
      for (const u of upper) for (const low of [j, ...beaten[j]]) beaten[u].add(low);
    }
    const tied = margin === 0n || alike.get(strength(pair)) > 1;
    return { over: options[i], under: options[j], votes, margin, locked, tied };
  });
  const order = [...options.keys()].sort((a, b) => beaten[b].size - beaten[a].size);
  const ranking = order.map((i) => options[i]);
  const rounds = ballots.length > 0 ? [aRound(new Map(), number, { elected: ranking.slice(0, count.rule.seats) })] : [];
  const further = { candidates: options, matrix: d, condorcet_winner: condorcetWinner(options, d), pairs, ranking };
  return { ...outcome(rounds, rejected, further), lots_used: pairs.some((pair) => pair.tied) };
}

/** borda-v1, in half points. */
export function countBorda(count) {
  const { ballots, rejected } = readPreferences(count);
  const options = count.candidates;
  const tally = new Map(options.map((id) => [id, 0n]));
  for (const { ranks, times } of ballots) {
    const marked = new Set(ranks.flat());
    const unmarked = options.filter((id) => !marked.has(id));
    let above = 0;
    for (const rank of count.rule.unranked === "average" ? [...ranks, unmarked] : ranks) {
      const halves = times * BigInt(2 * (options.length - above - 1) - rank.length + 1);
      for (const id of rank) tally.set(id, tally.get(id) + halves);
      above += rank.length;
    }
  }
  const write = (halves) => number(new Fraction(halves, 2n));
  const rounds = ballots.length > 0 ? [aRound(tally, write, seatsByScore(count, tally))] : [];
  return outcome(rounds, rejected);
}
