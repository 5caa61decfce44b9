// All checks of one poll, in the order and under the names of the command-line verifier.
import { useSha256 } from "../count/index.js";
import { Problem, plain, sha256 } from "./bytes.js";
import { checkBallots, checkCredentials, checkOpenings, checkParticipation, checkRevisions } from "./ballots.js";
import { loadLog } from "./log.js";
import { checkActors, checkMix, checkOrder, checkVoids } from "./order.js";
import { Poll, checkTexts, joined, tellEvents } from "./poll.js";
import { Report } from "./report.js";
import { findLogs } from "./source.js";
import { checkResult, checkSums, checkTally, describeResult } from "./tally.js";

useSha256(sha256);

export const BLIND_SPOTS = [
  "not checked: whether the people on the roll exist and may vote, and whether somebody was left out",
  "not checked: whether anyone was paid or pressed (a receipt in this kind of poll shows how one voted)",
  "not checked: ghost voters. Whoever did not vote should look up the own participation bit",
  "not checked: secrecy. At level L1 whoever holds the poll's secret key can link a ballot to a person until that key is "
    + "destroyed, which no log can show",
];

// { report, log, poll }. CannotTell when nothing could be looked at. `given`: { vkeys: [key], policy or null, now: unix seconds }.
// `base`: a source (source.js). `tick(step, done, of)` is told of progress.
export const verifyPoll = async (base, name, given, tick = () => {}) => {
  let found = null, poll = null;
  for (const place of await findLogs(base)) {
    const report = new Report();
    const log = await loadLog(place, given, report, tick);
    const here = log.entries.some((entry) => entry.poll === name);
    if (here || !found || (report.verdict === "fail" && found.report.verdict !== "fail")) found = { report, log };
    if (here) break;
  }
  const { report, log } = found;
  if (log.size && log.entries.length === log.size && !report.checks.some((c) => ["C6", "C7"].includes(c.id) && c.status === "fail")) {
    poll = new Poll(log, name);
    if (name !== "" && poll.entries.length) await checkPoll(poll, report);
    else report.undecided.push(`there is no poll ${plain(name)} in this log, or not yet`);
  }
  BLIND_SPOTS.forEach((sentence) => report.warn(sentence));
  return { report, log, poll };
};

const checkPoll = async (poll, report) => {
  const { kinds } = poll;
  await report.run("C6", () => checkTexts(poll, report));
  await report.run("C8", () => checkOrder(poll));
  await report.run("C9", () => checkActors(poll));
  await report.run("C10", () => checkCredentials(poll), "C8");
  await report.run("C11", () => checkRevisions(poll), "C8");
  await report.run("C13", () => checkVoids(poll), "C8");
  await report.run("C14", () => checkOpenings(poll), "C8 C11 C13");
  await report.run("C12", () => checkBallots(poll), "C8 C14");
  if (kinds.has("poll.closed")) await report.run("C15", () => checkSums(poll), "C8 C14");
  if (poll.tallies.length) {
    await report.run("C16", () => checkTally(poll, report), "C8 C12 C14");
    await report.run("C17", () => checkResult(poll), "C8 C16");
  }
  if (kinds.has("participation.published")) await report.run("C19", () => checkParticipation(poll), "C8");
  await report.run("C18", () => checkMix(poll, report), "C8");
  const { state } = poll;
  if (state === "superseded") report.undecided.push("the result was superseded; the corrected one is not published yet");
  else if (state !== "published") report.undecided.push(`the poll is ${state}; its tally is not published yet`);
  Object.assign(report.poll, {
    id: poll.name, title: joined(poll.titles.get("")), state, cast: poll.casts.length,
    counted: poll.countedAt(poll.log.size).length, events: tellEvents(poll),
  });
  if (report.verdict !== "fail" && poll.tallies.length) await describeResult(poll, report);
};

// What was thrown outside of any check, into the report.
export const settle = (report, error) => {
  if (error instanceof Problem) report.add(error.check, "fail", error.message);
  else report.undecided.push(error.message);
  return report;
};
