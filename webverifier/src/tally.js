// The sums, the count made again, and the bytes of the published result: C15, C16, C17.
import { CannotCount, ballotsSha256, canonical as countedText, recount } from "../count/index.js";
import {
  CannotTell, MAX_NOTE, MAX_RESULT, Problem, grouped, hex, hexhash, plain, unhex, untext, utf8,
} from "./bytes.js";
import { canonicalText, has, isObject, parseCanonical } from "./canonical.js";
import { joined } from "./poll.js";
import { readBlob } from "./source.js";
import { treeRoot } from "./tree.js";

const rootOf = (poll, casts) => {
  const leaves = new Uint8Array(32 * casts.length);
  casts.forEach((cast, i) => leaves.set(poll.log.leaf(cast.index), 32 * i));
  return hex(treeRoot(leaves));
};

const fingerprint = (poll, index) => ballotsSha256(poll.name, poll.config.method, poll.ids, poll.groupsAt(index));

// C15
export const checkSums = (poll) => {
  const { index, n, d: closed } = poll.one("poll.closed");
  const casts = poll.casts.length;
  if (closed.ballots !== casts || closed.last_n !== n - 1) {
    throw new Problem("C15", `poll.closed states ${closed.ballots} ballots up to n = ${closed.last_n}; there are ${casts} up to ${n - 1}`);
  }
  if (poll.sealed && !poll.opened) {
    throw new CannotTell("the ballots are sealed until the openings are published, so their fingerprint cannot be checked");
  }
  if (closed.ballots_sha256 !== fingerprint(poll, index)) {
    throw new Problem("C15", "poll.closed names another ballot file than the ballots in the log make");
  }
  for (const { index: at, d } of poll.tallies) {
    const sums = poll.sumsAt(at);
    if (d.ballots_sha256 !== fingerprint(poll, at)) {
      throw new Problem("C15", "tally.published names another ballot file than the ballots in the log make");
    }
    if (d.ballots_root !== rootOf(poll, poll.countedAt(at))) throw new Problem("C15", "tally.published names another root of the counted ballots");
    if (["counted", "replaced", "voided"].some((name) => d[name] !== sums[name]) || d.invalid) {
      throw new Problem("C15", `the tally counts ${d.counted} ballots, ${d.replaced} replaced, ${d.voided} voided, ${d.invalid} invalid; `
        + `the log holds ${sums.counted}, ${sums.replaced}, ${sums.voided} and 0`);
    }
  }
  const { counted, replaced, voided } = poll.sumsAt(poll.tallies.at(-1)?.index ?? index);
  return `sums (${grouped(casts)} cast = ${grouped(counted)} counted + ${grouped(replaced)} replaced + ${grouped(voided)} voided)`;
};

// C16. Recount, and compare with what was published, field by field, so that the report names what differs.
export const checkTally = async (poll, report) => {
  const { config } = poll;
  let result = null, first = null;
  for (const [place, { index, d }] of poll.tallies.entries()) {
    if (canonicalText(d.tally) !== canonicalText(config.tally)) {
      throw new Problem("C16", "the tally names another counting rule than the poll did");
    }
    const beacon = await beaconOf(poll, config.tie, d, report);
    first ??= beacon;
    if (beacon !== first) throw new Problem("C16", `result act ${d.act} draws the lots a second time`);
    poll.log.tick("count", place, poll.tallies.length);
    result = again(poll, index, beacon);
    poll.results.push(utf8(countedText(result)));
    const published = await publishedResult(poll, d, "C16");
    for (const name of [...new Set([...Object.keys(result), ...Object.keys(published)])].sort()) {
      if (!has(published, name) || !has(result, name) || countedText(result[name]) !== countedText(published[name])) {
        throw new Problem("C16", `a recount differs from the published result in: ${name}`);
      }
    }
  }
  const unit = "runs" in result ? "run" : "round";
  const times = result[unit + "s"].length;
  return `tally (${config.method}, ${grouped(times)} ${unit}${times === 1 ? "" : "s"}, ${grouped(result.input.ballots)} ballots)`;
};

const again = (poll, index, beacon) => {
  try {
    return recount(poll.name, poll.config, poll.groupsAt(index), beacon, poll.one("poll.closed").d.ballots_sha256);
  } catch (error) {
    if (error instanceof CannotCount) throw new CannotTell(error.message);
    throw error;
  }
};

// The 64 hex digits that the lots follow from, checked as far as they can be from the log alone.
const beaconOf = async (poll, tie, tally, report) => {
  const source = tie.seed_source;
  const field = { "commit-reveal": "nonce", "public-draw": "draw_sha256", drand: "drand" }[source];
  if (!has(tally, field)) throw new Problem("C16", `the lots were to come from ${source}, and the tally has no ${field}`);
  if (source === "commit-reveal") {
    if (hexhash(unhex(tally.nonce)) !== tie.commit) {
      throw new Problem("C16", "the nonce behind the lots is not the one committed to when the poll was created");
    }
    return tally.nonce;
  }
  if (source === "public-draw") {
    const data = await readBlob(poll.log.source, tally.draw_sha256, MAX_NOTE, "C16", "the text of the draw");
    let text;
    try {
      text = untext(data);
    } catch {
      throw new Problem("C16", "the text of the draw is not UTF-8");
    }
    if (text === "" || text.includes("\r")) throw new Problem("C16", "the text of the draw is empty or has lines that do not end with LF");
    report.poll.draw = plain(text);
    report.warn("not checked: whether the draw was made before witnesses, after the ballots were fixed, and came out as stated");
    return tally.draw_sha256;
  }
  const { chain, round, signature } = tally.drand;
  if (chain !== tie.chain) {
    throw new Problem("C16", "the randomness is of another drand chain than the one named when the poll was created");
  }
  report.poll.drand = tally.drand;
  report.warn("not checked: the BLS signature of the drand round, and whether that round was the one due after the close. "
    + `Compare round ${round} of chain ${chain.slice(0, 16)}… with a drand node`);
  return hexhash(unhex(signature));
};

const publishedResult = async (poll, tally, check) => {
  const data = await readBlob(poll.log.source, tally.result_sha256, MAX_RESULT, "C17", "the published result");
  const result = parseCanonical(data, "C17", "the published result", MAX_RESULT);
  if (!isObject(result)) throw new Problem(check, "the published result is not an object");
  return result;
};

// C17
export const checkResult = (poll) => {
  if (poll.tallies.some(({ d }, i) => !poll.results[i] || d.result_sha256 !== hexhash(poll.results[i]))) {
    throw new Problem("C17", "the published result is not, byte for byte, what a recount writes");
  }
  return `result file (${grouped(poll.results.at(-1).length)} bytes, ${poll.tallies.at(-1).d.result_sha256.slice(0, 16)}…)`;
};

export const describeResult = async (poll, report) => {
  const { config } = poll;
  const tally = poll.tallies.at(-1).d;
  Object.assign(report.poll, {
    method: config.method, act: tally.act, ballots_sha256: tally.ballots_sha256, result_sha256: tally.result_sha256,
  });
  if (report.verdict !== "pass") return;
  const result = await publishedResult(poll, tally, "C17");
  const cost = new Map(config.options.map((option) => [option.id, option.cost]));
  report.poll.story = tellRounds(result);
  report.poll.winners = result.winners.map((id) => ({
    id, title: joined(poll.titles.get(id)), ...(cost.get(id) === undefined ? {} : { cost: cost.get(id) }),
  }));
  if ("budget" in result) Object.assign(report.poll, { budget: result.budget, spent: result.spent });
  else if (result.input.ballots < result.options.quorum) report.poll.quorum = result.options.quorum;
};

// Votes as results write them ("41", "7/2", "2145.37745") as [top, bottom].
const votes = (text) => {
  const [, whole, decimals = "", bottom = "1"] = /^(-?\d+)(?:\.(\d+))?(?:\/(\d+))?$/.exec(text);
  return [BigInt(whole + decimals), BigInt(bottom) * 10n ** BigInt(decimals.length)];
};
const byVotes = ([, a], [, b]) => {
  const [left, right] = [votes(a), votes(b)];
  const difference = right[0] * left[1] - left[0] * right[1];
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
};
const DECISIONS = new Map([["group_taken", "left out, another of its group is funded"]]);

// A result's way to its winners, a line for each round, or for each project that was paid for.
export const tellRounds = (result) => {
  if ("budget" in result) {
    return result.rounds.map((r) => `${r.option}: ` + ("rho" in r ? `paid for by ${grouped(r.supporters)} at rho ${r.rho}`
      : `score ${grouped(r.score)}, ${DECISIONS.get(r.decision) || r.decision.replaceAll("_", " ")}`));
  }
  if ("ranking" in result) return ["Ranking: " + result.ranking.map((place) => [place].flat().join(" = ")).join(" > ")];
  return result.rounds.map((round, i) => {
    const sorted = Object.keys(round.tallies).sort().map((id) => [id, round.tallies[id]]).sort(byVotes);
    const words = [sorted.map(([option, tally]) => `${option} ${tally}`).join(", ")];
    for (const what of ["elected", "excluded"]) if (round[what].length) words.push(`${what} ${round[what].join(", ")}`);
    if (Object.keys(round.transfers || {}).length && round.surplus) words.push(`surplus of ${round.surplus} passed on`);
    if (round.ties.some((tie) => tie.lot)) words.push("by lot");
    return `Round ${i + 1}: ${words.filter(Boolean).join("; ")}`;
  });
};
