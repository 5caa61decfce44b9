// What may follow what in a poll, and who must agree to it: C8, C9, C13, C18.
import { CannotTell, Problem, grouped, hex } from "./bytes.js";
import { canonicalText } from "./canonical.js";
import { moment } from "./report.js";

const DAYS_30 = 30 * 86_400;
const ALWAYS = ["objection.filed", "objection.answered", "incident.declared"];
// Type -> how far the poll may be when it comes.
const AFTER = new Map(Object.entries({
  "poll.created": [""], "poll.amended": ["poll.created", "roll.committed", "credentials.committed"],
  "roll.committed": ["poll.created"], "credentials.committed": ["roll.committed"], "poll.opened": ["credentials.committed"],
  "ballot.cast": ["poll.opened"], "intake.summary": ["poll.opened"], "roll.changed": ["poll.opened"], "poll.extended": ["poll.opened"],
  "poll.paused": ["poll.opened"], "poll.resumed": ["poll.opened"], "poll.closed": ["poll.opened"],
  "openings.published": ["poll.closed"], "participation.published": ["poll.closed", "openings.published"],
  "tally.published": ["participation.published", "tally.superseded"], "tally.superseded": ["tally.published"],
}));
const STAGES = [
  "poll.created", "roll.committed", "credentials.committed", "poll.opened", "poll.closed", "openings.published",
  "participation.published", "tally.published", "tally.superseded",
];

// C8: the entries of a poll, one after another, against what may follow what.
export const checkOrder = (poll) => {
  const { log } = poll;
  const closing = log.entries.findIndex((entry) => entry.type === "log.closed");
  if (closing !== -1 && closing !== log.size - 1) throw new Problem("C8", `entry ${closing}: log.closed is not the last entry`);
  const so = {
    at: "", before: "", leaf: new Map(), config: null, closesAt: 0, paused: false, adding: false, voided: false, held: -1, acts: 0,
    objections: new Map(),
  };
  for (const { index, entry } of poll.entries) step(so, entry, index, log);
  if (so.voided) throw new Problem("C8", "a ballot was voided after the result was published, and the result was not superseded");
  return `order of events (${grouped(poll.entries.length)} entries, the last is ${so.before})`;
};

const step = (so, entry, index, log) => {
  const { type } = entry;
  const refuse = (reason) => {
    throw new Problem("C8", `entry ${index}: ${type} ${reason}`);
  };
  const again = type === "credentials.committed" && so.adding;
  const fits = (AFTER.get(type) || []).includes(so.at) || again || (ALWAYS.includes(type) && so.at !== "");
  if (!fits && !(type === "ballot.voided" && so.leaf.has("poll.opened"))) refuse(`may not follow ${so.before || "nothing"}`);
  if (type === "ballot.cast") {
    so.held = so.paused ? index : -1; // a ballot that entered the log while the poll was paused: only the close does that
  } else if (type === "intake.summary") {
    if (so.before !== "ballot.cast") refuse("does not follow a group of ballots");
  } else {
    if (so.held >= 0 && type !== "poll.closed") throw new Problem("C8", `entry ${so.held} is a ballot that entered the log while the poll was paused`);
    if (so.adding && !again) refuse("stands where the credentials of the new places on the roll are due");
    if (so.voided && !["ballot.voided", "tally.superseded", ...ALWAYS].includes(type)) {
      refuse("follows a ballot voided after the result, which was not superseded");
    }
    if (CHANGES.has(type)) CHANGES.get(type)(so, entry, refuse);
    so.leaf.set(type, hex(log.leaf(index)));
    if (type === "poll.created" || type === "poll.amended") so.leaf.set("config", hex(log.leaf(index)));
    if (STAGES.includes(type) && !again) so.at = type;
  }
  so.before = type;
};

// What entries ask of those before them, and change for those after them.
const configure = (so, { d }, refuse) => {
  if (so.config && ["tie", "origin", "secrecy"].some((name) => canonicalText(d[name] ?? null) !== canonicalText(so.config[name] ?? null))) {
    refuse("changes what may not be amended (tie, origin or secrecy)");
  }
  so.config = d;
  so.closesAt = d.closes_at;
};
const pause = (so, { type }, refuse) => {
  if (so.paused === (type === "poll.paused")) refuse(`in a poll that is ${so.paused ? "" : "not "}paused`);
  so.paused = !so.paused;
};
const CHANGES = new Map(Object.entries({
  "poll.created": configure,
  "poll.amended": configure,
  "poll.paused": pause,
  "poll.resumed": pause,
  "poll.opened": (so, { d }, refuse) => {
    if (d.config !== so.leaf.get("config") || d.roll !== so.leaf.get("roll.committed")) refuse("does not name this poll's configuration and roll");
  },
  "roll.changed": (so) => {
    so.adding = true;
  },
  "credentials.committed": (so) => {
    so.adding = false;
  },
  "poll.extended": (so, { d }, refuse) => {
    if (d.closes_at <= so.closesAt || d.closes_at > so.config.closes_at + DAYS_30) refuse("does not move the close to a later time within 30 days");
    so.closesAt = d.closes_at;
  },
  "poll.closed": (so, { d, t }, refuse) => {
    so.held = -1;
    if (d.reason === "scheduled" && t < so.closesAt) refuse(`is called scheduled, at ${moment(t)}, and was due at ${moment(so.closesAt)}`);
  },
  "openings.published": (so, entry, refuse) => {
    if (so.config.ballots !== "sealed") refuse("in a poll whose ballots are not sealed");
  },
  "participation.published": (so, entry, refuse) => {
    if (so.config.ballots === "sealed" && so.at !== "openings.published") refuse("comes before the openings of a sealed poll");
  },
  "ballot.voided": (so) => {
    so.voided ||= so.at === "tally.published";
  },
  "tally.published": (so, { d }, refuse) => {
    so.acts += 1;
    if (d.act !== so.acts) refuse(`has act number ${d.act} where act ${so.acts} is next`);
  },
  "tally.superseded": (so, { d }, refuse) => {
    so.voided = false;
    if (d.act !== so.acts) refuse(`names act ${d.act}, and the newest is act ${so.acts}`);
  },
  "objection.filed": ({ objections }, { d }, refuse) => {
    if (objections.has(d.objection)) refuse(`repeats the objection ${d.objection}`);
    objections.set(d.objection, "filed");
  },
  "objection.answered": ({ objections }, { d }, refuse) => {
    if (objections.get(d.objection) !== "filed") refuse(`answers ${d.objection}, which was ${objections.get(d.objection) || "never filed"}`);
    objections.set(d.objection, "answered before");
  },
}));

// C9
export const checkActors = (poll) => {
  let acts = 0;
  for (const { index, entry } of poll.entries) {
    const { actors } = entry.d;
    if (!actors) continue;
    acts += 1;
    if (actors.length !== 2 || actors[0] === actors[1]) throw new Problem("C9", `entry ${index}: ${entry.type} does not name two different officials`);
  }
  return acts ? `two officials (${grouped(acts)} acts by two different people each)` : ["n/a", "two officials (nothing here needed two)"];
};

// C13
export const checkVoids = (poll) => {
  const seen = new Set();
  for (const { index, d } of poll.voids) {
    const cast = poll.byBid.get(d.bid);
    if (!cast || poll.casts.find(({ bid }) => bid === d.bid).index > index) throw new Problem("C13", `entry ${index} voids a ballot that is not in the log of this poll`);
    if (seen.has(d.bid)) throw new Problem("C13", `entry ${index} voids a ballot a second time`);
    seen.add(d.bid);
  }
  return poll.voids.length ? `voided ballots (${grouped(poll.voids.length)})` : ["n/a", "voided ballots (there are none)"];
};

// C18: every group with its summary, and none so small that it shows whose ballots it holds.
export const checkMix = (poll, report) => {
  const { k } = poll.config.mix;
  const imported = "origin" in poll.config;
  const sizes = []; // voters in each group
  let run = [], atClose = false;
  poll.entries.forEach(({ index, entry }, place) => {
    if (entry.type === "ballot.cast") {
      run.push(entry.d);
      return;
    }
    if (entry.type === "intake.summary") {
      const voters = new Set(run.map((cast) => cast.cred)).size;
      if (entry.d.accepted !== run.length || entry.d.voters !== voters) {
        throw new Problem("C18", `entry ${index} states a group of ${entry.d.accepted} ballots of ${entry.d.voters} voters; `
          + `it follows ${run.length} of ${voters}`);
      }
      atClose = poll.entries[place + 1]?.entry.type === "poll.closed";
      sizes.push(voters);
    } else if (run.length && !imported) {
      throw new Problem("C18", `entry ${index}: a group of ${run.length} ballots ends without its intake.summary`);
    }
    run = [];
  });
  if (imported) return ["n/a", "mix (the ballots were imported)"];
  const closed = poll.kinds.has("poll.closed");
  if (poll.config.visibility === "turnout" && (sizes.length || run.length) && (sizes.length !== 1 || !atClose)) {
    throw new Problem("C18", "ballots are in the log before the close of a poll that holds them all back");
  }
  const small = sizes.find((size) => size < k);
  if (small !== undefined && !(sizes.length === 1 && atClose)) {
    throw new Problem("C18", `a group holds ballots of only ${small} voters, fewer than the ${k} that were promised`);
  }
  if (run.length) throw new CannotTell("the newest group of ballots has no intake.summary yet");
  if (closed && sizes.length && k > 1 && !atClose) {
    throw new Problem("C18", "nobody's ballot was kept back for the close, so the newest group was not chosen at random");
  }
  if (sizes.length === 1 && sizes[0] < 2 * k) {
    report.warn(`the ballots of all ${sizes[0]} voters entered the log as one group: in so small a poll, who knows how some voted `
      + "may guess the others");
  }
  if (!sizes.length) return closed ? "mix (no ballots in the log)" : `mix (no ballots in the log yet, k = ${k})`;
  return `mix (${grouped(sizes.length)} group${sizes.length === 1 ? "" : "s"} of ballots, the smallest of ${grouped(Math.min(...sizes))} voters)`;
};
