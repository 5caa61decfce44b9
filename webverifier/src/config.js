// `d` of poll.created and poll.amended: its fields, and what they must be to one another (docs/reference/results.md).
import { Problem, hexhash } from "./bytes.js";
import { byCodePoint, canonical } from "./canonical.js";
import { boolean, either, evenHex, fields, hash, list, matches, oneOf, optionId, orNull, that, whole, word } from "./shape.js";

const shareOfVotes = that((value) => {
  const match = typeof value === "string" && /^(>=?)([0-9]{1,16})\/([0-9]{1,16})$/.exec(value);
  return match && BigInt(match[2]) > 0n && BigInt(match[2]) < BigInt(match[3]) + (match[1] === ">=" ? 1n : 0n);
});
const completions = that((value) => Array.isArray(value)
  && value.join() === ["add1", "utilitarian", "comparison"].filter((name) => value.includes(name)).join());
const SEATS = { seats: whole(1), quorum: whole(0) };
const PAIRS = { ...SEATS, withdrawn: list(optionId) };
const READING = {
  overvote: oneOf("exhaust", "skip", "exhaust_if_multiple_continuing"), max_skipped: orNull(whole(0)),
  duplicate: oneOf("skip", "exhaust"), withdrawn: list(optionId), quorum: whole(0),
};
const RULES = new Map(Object.entries({
  "irv-v1": { ...READING, until_two: boolean, batch: boolean },
  "stv-scottish-v1": {
    ...READING, seats: whole(1), quota: oneOf("droop_int", "hare_int", "nb_exact"), decimals: oneOf(5, 4, "exact"),
  },
  "stv-meek-prf-v1": { ...READING, seats: whole(1), overvote: oneOf("exhaust", "skip") },
  "schulze-wv-v1": PAIRS,
  "ranked-pairs-v1": PAIRS,
  "borda-v1": { ...PAIRS, unranked: oneOf("zero", "average") },
  "approval-v1": { ...SEATS, min: whole(0), max: orNull(whole(1)), majority: orNull(shareOfVotes) },
  "score-v1": { ...SEATS, max: orNull(whole(1)) },
  "cumulative-v1": { ...SEATS, max_sum: orNull(whole(1)), exact_sum: boolean, max_points: orNull(whole(1)), min_options: whole(0) },
  "seqpav-v1": SEATS,
  "seqphragmen-v1": SEATS,
  "equal-shares-v1": { ...SEATS, completion: oneOf("seqphragmen", "add1", "none") },
  "pb-greedy-v1": {
    mode: oneOf("skip", "stop"), threshold: whole(0),
    pots: orNull(list(fields({ id: word, budget: whole(0), options: list(optionId) }))), groups: orNull(list(list(optionId))),
  },
  "pb-mes-v1": {
    utility: oneOf("cost", "cardinality", "points"), integral: boolean, step: whole(1), completion: completions,
    stop_when_exhaustive: boolean,
  },
}).map(([name, spec]) => [name, fields(spec)]));

const RANKED = ["irv-v1", "stv-scottish-v1", "stv-meek-prf-v1", "schulze-wv-v1", "ranked-pairs-v1", "borda-v1"];
const APPROVED = ["approval-v1", "seqpav-v1", "seqphragmen-v1", "equal-shares-v1", "pb-mes-v1"];
const kindsOf = (method, rule) => {
  if (RANKED.includes(method)) return ["rank"];
  if (rule.utility === "points") return ["score", "alloc"];
  if (APPROVED.includes(method)) return ["approve"];
  return method === "pb-greedy-v1" ? ["approve", "score", "alloc"] : ["score", "alloc"];
};

export const TALLY = { name: word, version: word, sha256: hash };
const LOTS = { rule: oneOf("lots-v1") };
export const CONFIG = {
  title_sha256: hash, options: list(fields({ id: optionId, title_sha256: hash, "cost?": whole(0) })), method: word,
  rule: that((value) => typeof value === "object" && value !== null && !Array.isArray(value)), "budget?": whole(0),
  opens_at: whole(0), closes_at: whole(0),
  ballot: either(
    { approve: fields({ min: whole(0), max: orNull(whole(0)), max_cost: orNull(whole(0)) }) },
    { rank: fields({ min: whole(0), max: orNull(whole(0)), ties: boolean, raw: boolean }) },
    { score: fields({ max: orNull(whole(1)) }) },
    { alloc: fields({ sum: orNull(whole(1)), exact: boolean, max: orNull(whole(1)), min: whole(0) }) },
  ),
  ballots: oneOf("live", "sealed"), visibility: oneOf("live", "turnout", "sealed"), secrecy: oneOf("L1"),
  revote: oneOf("none", "last"), mix: { k: whole(1), max_s: whole(0) }, disclosure: oneOf("full"), min_cell: oneOf(10),
  tally: TALLY, "origin?": oneOf("import"),
  tie: either(
    { ...LOTS, seed_source: oneOf("commit-reveal"), commit: hash },
    { ...LOTS, seed_source: oneOf("public-draw") },
    { ...LOTS, seed_source: oneOf("drand"), chain: hash },
  ),
};
export const DRAND = fields({ chain: hash, round: whole(1), signature: evenHex });
export const PUBLIC_ID = matches(/^[a-z0-9]{4,16}$/);

const distinct = (items) => new Set(items).size === items.length;
const among = (items, all) => items.every((item) => all.includes(item));

export const checkConfig = (config, where) => {
  const fail = (reason) => {
    throw new Problem("C6", `${where} ${reason}`);
  };
  const { method, rule, options } = config;
  const ids = options.map((option) => option.id), costs = options.map((option) => option.cost);
  if (!ids.length || !distinct(ids)) fail("needs options, each with an id of its own");
  if (config.tally.sha256 !== hexhash(canonical(rule))) fail("names in tally.sha256 another hash than that of the rule");
  if ((config.ballots === "sealed") !== (config.visibility === "sealed")) fail("must be sealed in ballots and visibility, or in neither");
  const [[kind, limits]] = Object.entries(config.ballot);
  if (kind === "alloc" && limits.exact && limits.sum === null) fail("asks for an exact sum and names none");
  if (!RULES.has(method)) return;
  RULES.get(method)(rule, where + ".rule");
  if (["pb-greedy-v1", "pb-mes-v1"].includes(method)) {
    if (config.budget === undefined || costs.some((cost) => !(cost >= 1))) {
      fail("is a budget poll without a budget or without the cost of every option");
    }
  } else if (config.budget !== undefined || costs.some((cost) => cost !== undefined)) {
    fail("names a budget or costs, and its rule spends nothing");
  }
  if (!kindsOf(method, rule).includes(kind)) fail(`asks for ballots (${kind}) that its rule does not count`);
  const { withdrawn = [], pots = null, groups = null } = rule;
  if (!distinct(withdrawn) || !among(withdrawn, ids)) fail("has a rule that withdraws what is no option, or withdraws it twice");
  if (rule.exact_sum && rule.max_sum === null) fail("has a rule that asks for an exact sum and names none");
  if (method === "approval-v1" && rule.max !== null && rule.min > rule.max) fail("has a rule that asks for more marks than it allows");
  if (pots !== null) {
    const inPots = pots.flatMap((pot) => pot.options).sort(byCodePoint);
    if (inPots.join() !== [...ids].sort(byCodePoint).join() || !distinct(pots.map((pot) => pot.id))) {
      fail("has pots that do not hold every project exactly once");
    }
    if (pots.reduce((sum, pot) => sum + BigInt(pot.budget), 0n) > BigInt(config.budget)) fail("has pots that hold more than the budget");
  }
  if (groups !== null && (!groups.length || !distinct(groups.flat()) || !among(groups.flat(), ids) || groups.some((g) => g.length < 2))) {
    fail("has groups that are not two or more projects each, in no other group");
  }
};
