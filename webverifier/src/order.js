// What may follow what in a poll, and who must agree to it: C8, C9, C13, C18.
import { Problem, ZERO, grouped, hex } from "./bytes.js";
import { canonicalText } from "./canonical.js";

const DAYS_30 = 30 * 86_400;
const STEPS = ["", "created", "roll", "credentials", "open", "closed", "opened up", "participation", "tally", "superseded"];
const ALWAYS = ["objection.filed", "objection.answered", "incident.declared"];
// Type -> the steps at which it may stand, and the step that it leads to ("" where it leads nowhere).
const MOVES = new Map(Object.entries({
  "poll.created": [[""], "created"],
  "poll.amended": [["created", "roll", "credentials"], ""],
  "roll.committed": [["created"], "roll"],
  "credentials.committed": [["roll"], "credentials"],
  "poll.opened": [["credentials"], "open"],
  "ballot.cast": [["open"], ""],
  "intake.summary": [["open"], ""],
  "roll.changed": [["open"], ""],
  "poll.extended": [["open"], ""],
  "poll.paused": [["open"], ""],
  "poll.resumed": [["open"], ""],
  "poll.closed": [["open"], "closed"],
  "openings.published": [["closed"], "opened up"],
  "participation.published": [["closed", "opened up"], "participation"],
  "tally.published": [["participation", "superseded"], "tally"],
  "tally.superseded": [["tally"], "superseded"],
  "ballot.voided": [STEPS.slice(4), ""],
}));

export const checkOrder = (poll) => {
  const at = { step: "", paused: false, growing: false, closesAt: 0, act: 0, config: null, objections: new Map(), named: new Map() };
  const { log } = poll;
  const closing = log.entries.findIndex((entry) => entry.type === "log.closed");
  if (closing !== -1 && closing !== log.size - 1) throw new Problem("C8", `entry ${closing + 1} stands after the log was closed`);
  let before = "";
  for (const { index, entry } of poll.entries) {
    const refuse = (reason) => {
      throw new Problem("C8", `entry ${index}: ${entry.type} ${reason}`);
    };
    if (ALWAYS.includes(entry.type)) {
      if (at.step === "") refuse("may not be the first entry of a poll");
      follow(at, entry, refuse);
    } else {
      const growth = entry.type === "credentials.committed" && at.growing;
      const [from, to] = growth ? [["open"], ""] : MOVES.get(entry.type);
      if (!from.includes(at.step)) refuse(`may not follow ${before || "nothing"}`);
      if (at.growing && !["ballot.cast", "intake.summary", "credentials.committed"].includes(entry.type)) {
        refuse("may not stand between a change of the roll and its credentials");
      }
      follow(at, entry, refuse, poll);
      if (to) at.step = to;
    }
    at.named.set(entry.type, hex(log.leaf(index)));
    before = entry.type;
  }
  return `order of events (${grouped(poll.entries.length)} entries, the last is ${before})`;
};

// What an entry asks of those before it, and what it changes for those after it.
const follow = (at, { type, d, t }, refuse, poll) => {
  switch (type) {
    case "poll.amended":
      if (["tie", "origin", "secrecy"].some((name) => canonicalText(d[name] ?? null) !== canonicalText(at.config[name] ?? null))) {
        refuse("changes tie, origin or secrecy, which stay as they were");
      }
      // and further as a poll.created
    case "poll.created": // eslint-disable-line no-fallthrough
      at.config = d;
      at.closesAt = d.closes_at;
      at.configType = type;
      break;
    case "poll.opened":
      if (d.config !== at.named.get(at.configType) || d.roll !== (at.named.get("roll.committed") || ZERO)) {
        refuse("does not name this poll's configuration and roll");
      }
      break;
    case "roll.changed":
      at.growing = true;
      break;
    case "credentials.committed":
      at.growing = false;
      break;
    case "poll.extended":
      if (d.closes_at <= at.closesAt || d.closes_at > at.config.closes_at + DAYS_30) refuse("moves the close back, or by more than 30 days");
      at.closesAt = d.closes_at;
      break;
    case "poll.paused":
    case "poll.resumed":
      if (at.paused === (type === "poll.paused")) refuse("says what was so before");
      at.paused = !at.paused;
      break;
    case "poll.closed":
      if (d.reason === "scheduled" && t < at.closesAt) refuse(`says scheduled at ${t}, and the close was to be at ${at.closesAt}`);
      break;
    case "openings.published":
      if (!poll.sealed) refuse("stands in a poll that is not sealed");
      break;
    case "participation.published":
      if (poll.sealed && at.step === "closed") refuse("stands before the openings");
      break;
    case "tally.published":
      at.act = d.act;
      break;
    case "tally.superseded":
      if (d.act !== at.act) refuse(`names act ${d.act} where act ${at.act} is the newest`);
      break;
    case "objection.filed":
      if (at.objections.has(d.objection)) refuse("uses an id that another objection has");
      at.objections.set(d.objection, "filed");
      break;
    case "objection.answered":
      if (at.objections.get(d.objection) !== "filed") refuse("answers an objection that was not filed, or is answered");
      at.objections.set(d.objection, "answered");
      break;
    default:
  }
};

// C9. Returns "" where no entry needs two.
export const checkActors = (poll) => {
  const ours = poll.log.entries.map((entry, index) => ({ entry, index })).filter(({ entry }) => entry.d.actors && ["", poll.name].includes(entry.poll));
  for (const { entry, index } of ours) {
    const { actors } = entry.d;
    const alone = entry.type === "config.changed" && entry.d.scope === "software";
    if (alone ? actors.length : actors.length !== 2 || actors[0] === actors[1]) {
      throw new Problem("C9", `entry ${index} (${entry.type}) does not name two different members of staff`);
    }
  }
  return ours.length ? `two different actors (${grouped(ours.length)} entries)` : "two different actors (no entry needed them)";
};

// C13
export const checkVoids = (poll) => {
  const seen = new Set();
  for (const { index, d } of poll.voids) {
    const cast = poll.byBid.get(d.bid);
    if (!cast || cast.index > index) throw new Problem("C13", `entry ${index} voids a ballot that is not in the log of this poll`);
    if (seen.has(d.bid)) throw new Problem("C13", `entry ${index} voids a ballot a second time`);
    seen.add(d.bid);
  }
  return `voided ballots (${grouped(poll.voids.length)})`;
};

// C18: the groups in which ballots entered the log.
export const checkMix = (poll) => {
  const { config } = poll;
  const { k } = config.mix;
  const groups = [];
  let run = [];
  for (const { index, entry } of poll.entries) {
    if (entry.type === "ballot.cast") {
      run.push(entry.d);
    } else if (entry.type === "intake.summary") {
      const voters = new Set(run.map((cast) => cast.cred)).size;
      if (entry.d.accepted !== run.length || entry.d.voters !== voters) {
        throw new Problem("C18", `entry ${index} states ${entry.d.accepted} ballots of ${entry.d.voters}; its group has ${run.length} of ${voters}`);
      }
      if (!run.length) throw new Problem("C18", `entry ${index} closes a group without a ballot`);
      groups.push(voters);
      run = [];
    } else if (run.length) {
      throw new Problem("C18", `entry ${index} (${entry.type}) stands where the summary of a group of ballots is due`);
    }
  }
  if (run.length) throw new Problem("C18", "the last group of ballots has no summary");
  const open = !poll.kinds.has("poll.closed");
  if (config.visibility === "turnout" && (open ? groups.length : groups.length > 1)) {
    throw new Problem("C18", "ballots entered the log before the close of a poll that holds them all back");
  }
  if (groups.some((voters) => voters < k) && (open || groups.length > 1)) {
    throw new Problem("C18", `a group holds ballots of fewer than ${k} voters`);
  }
  return `mix (${grouped(groups.length)} groups, of at least ${groups.length ? Math.min(...groups) : 0} voters; ${k} were promised)`;
};
