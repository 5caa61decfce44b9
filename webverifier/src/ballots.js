// Whose ballots these are, and whether each is one that its poll allows: C10, C11, C12, C14, C19.
import { Problem, compare, concat, grouped, hex, hexhash, sha256, u32, unhex, utf8 } from "./bytes.js";
import { byCodePoint, canonical, parseCanonical } from "./canonical.js";
import { ballotLine } from "./entries.js";
import { readBlob } from "./source.js";
import { hashAt, leafHash, treeRoot } from "./tree.js";

// C10
export const checkCredentials = async (poll) => {
  const batches = poll.all("credentials.committed");
  const roll = poll.first("roll.committed");
  if (!batches.length) return "credentials (not committed yet, and no ballot cast)";
  const changes = poll.all("roll.changed");
  const places = [roll.d, ...changes.map(({ d }) => ({ roll: d.roll, count: d.added_count, later: true }))];
  const since = new Map(); // credential's leaf -> index of the entry that committed to it
  for (const [number, { index, d }] of batches.entries()) {
    const place = places[number];
    if (place.later && (place.count < poll.config.mix.k || place.roll !== roll.d.roll)) {
      throw new Problem("C10", `the roll was changed other than by adding at least ${poll.config.mix.k} places to it`);
    }
    if (d.count !== place.count) throw new Problem("C10", `${d.count} credentials were made for a roll of ${place.count}`);
    const size = 16 + 32 * d.count;
    const data = await readBlob(poll.log.source, d.blob_sha256, size, "C10", "the credential list");
    const leaves = data.subarray(16);
    const sorted = () => {
      for (let i = 1; i < d.count; i++) if (compare(hashAt(leaves, i - 1), hashAt(leaves, i)) >= 0) return false;
      return true;
    };
    if (data.length !== size || !sorted()) {
      throw new Problem("C10", "the credential list is not a sorted list of different hashes of the stated length");
    }
    if (hex(treeRoot(leaves)) !== d.root) throw new Problem("C10", "the credential list does not have the committed root");
    for (let i = 0; i < d.count; i++) {
      const leaf = hex(hashAt(leaves, i));
      if (since.has(leaf)) throw new Problem("C10", `entry ${index} commits to a credential that was committed to before`);
      since.set(leaf, index);
    }
  }
  poll.casts.forEach((cast, number) => {
    if (number % 2000 === 0) poll.log.tick("credentials", number, poll.casts.length);
    if (!(since.get(hex(leafHash(sha256(unhex(cast.cred))))) < cast.index)) {
      throw new Problem("C10", `entry ${cast.index} was cast with a credential that is not in the committed list`);
    }
  });
  return `credentials (${grouped(since.size)} committed, ${grouped(poll.credentials)} used)`;
};

// C11
export const checkRevisions = (poll) => {
  const bids = new Set(), last = new Map();
  const mayRevote = poll.config.revote === "last";
  for (const cast of poll.casts) {
    const before = last.get(cast.cred);
    const next = before ? before.rev + 1 : 0;
    if (bids.has(cast.bid)) throw new Problem("C11", `entry ${cast.index} repeats the receipt number ${cast.bid}`);
    if (cast.rev !== next) throw new Problem("C11", `entry ${cast.index} has revision ${cast.rev} where ${next} is next`);
    if (before && !mayRevote && before.voidedAt > cast.index) {
      throw new Problem("C11", `entry ${cast.index} is a second ballot in a poll without revoting`);
    }
    bids.add(cast.bid);
    last.set(cast.cred, cast);
  }
  return `one ballot for each credential (${grouped(poll.casts.length)} cast, ${grouped(poll.casts.length - poll.credentials)} replaced)`;
};

// The commitment to a ballot: docs/reference/vote-log.md#commitments.
const LABEL = concat(utf8("votelog/v1/ballot-commit"), new Uint8Array(1));
const measured = (bytes) => [u32(bytes.length), bytes];
export const commitment = (poll, { cred, rev }, nonce, b) => hexhash(concat(
  LABEL, ...measured(utf8(poll)), ...measured(unhex(cred)), u32(rev), ...measured(unhex(nonce)), ...measured(canonical(b)),
));

// C14. Fills poll.openings.
export const checkOpenings = async (poll) => {
  if (!poll.sealed) return ["n/a", "openings (ballots are not sealed)"];
  const clear = poll.casts.find((cast) => cast.c === undefined);
  if (clear) throw new Problem("C12", `entry ${clear.index} is not sealed, unlike the ballots of this poll`);
  const published = poll.first("openings.published");
  if (!published) return ["n/a", `openings (not published yet, ${grouped(poll.casts.length)} ballots are sealed)`];
  const { count, sha256: name, bytes } = published.d;
  const data = await readBlob(poll.log.source, name, bytes, "C14", "the openings");
  if (data.length !== bytes) throw new Problem("C14", `the openings have ${data.length} bytes, and ${bytes} are stated`);
  const expected = poll.countedAt(poll.one("poll.closed").index).sort((a, b) => byCodePoint(a.bid, b.bid));
  let at = 0, number = 0;
  for (; at < data.length; number++) {
    if (number % 2000 === 0) poll.log.tick("openings", number, expected.length);
    const end = data.indexOf(10, at);
    if (end === -1) throw new Problem("C14", "the openings do not end with a line feed");
    const where = `line ${number + 1} of the openings`;
    const line = readLine(data.subarray(at, end), where);
    const cast = expected[number];
    if (!cast || cast.bid !== line.bid) throw new Problem("C14", `${where} is not that of the ballot that is next`);
    if (commitment(poll.name, cast, line.nonce, line.b) !== cast.c) throw new Problem("C14", `${where} does not open its commitment`);
    poll.openings.set(line.bid, line.b);
    at = end + 1;
  }
  if (number !== expected.length || number !== count) {
    throw new Problem("C14", `${number} commitments are opened, ${count} are stated, and ${expected.length} ballots counted at the close`);
  }
  poll.opened = true;
  return `openings (${grouped(count)}, each fits its commitment)`;
};

const readLine = (raw, where) => {
  const line = parseCanonical(raw, "C14", where);
  try {
    ballotLine(line, where);
  } catch (error) {
    throw new Problem("C14", error.message);
  }
  return line;
};

// C12
export const checkBallots = (poll) => {
  const { config, sealed } = poll;
  const cost = new Map(config.options.map((option) => [option.id, option.cost ?? 0]));
  const [[kind, limits]] = Object.entries(config.ballot);
  const check = { approve: checkApprovals, rank: checkRanking }[kind] || checkPoints;
  let shown = 0;
  for (const cast of poll.casts) {
    const where = `entry ${cast.index}`;
    if (sealed !== "c" in cast) throw new Problem("C12", `${where} ${sealed ? "is not sealed, as" : "is sealed, unlike"} the ballots of this poll`);
    const b = sealed ? poll.openings.get(cast.bid) : cast.b;
    if (b === undefined) continue;
    if (!(kind in b)) throw new Problem("C12", `${where} is not the kind of ballot that the poll asks for (${kind})`);
    check(b[kind], limits, cost, where);
    shown += 1;
  }
  return `valid ballots (${grouped(shown)})${shown < poll.casts.length ? `, ${grouped(poll.casts.length - shown)} sealed` : ""}`;
};

const ascending = (items) => items.every((item, i) => i === 0 || byCodePoint(items[i - 1], item) < 0);
const sum = (numbers) => numbers.reduce((total, number) => total + BigInt(number), 0n);

const checkApprovals = (marks, limits, cost, where) => {
  if (!ascending(marks) || !marks.every((mark) => cost.has(mark))) {
    throw new Problem("C12", `${where} is not a sorted list of different options of this poll`);
  }
  if (marks.length < limits.min || (limits.max !== null && marks.length > limits.max)) {
    throw new Problem("C12", `${where} approves ${marks.length} options, outside the limits`);
  }
  if (limits.max_cost !== null && sum(marks.map((mark) => cost.get(mark))) > BigInt(limits.max_cost)) {
    throw new Problem("C12", `${where} costs more than a ballot may`);
  }
};

const checkRanking = (ranks, limits, cost, where) => {
  const marks = ranks.flat();
  if (!marks.every((mark) => cost.has(mark)) || !ranks.every(ascending) || (ranks.length && !ranks.at(-1).length)) {
    throw new Problem("C12", `${where} does not consist of ranks with sorted, different options of this poll`);
  }
  if (limits.raw) return;
  if (new Set(marks).size !== marks.length || !ranks.every((rank) => rank.length)) {
    throw new Problem("C12", `${where} leaves a rank empty or ranks an option twice`);
  }
  if (!limits.ties && ranks.length !== marks.length) {
    throw new Problem("C12", `${where} ranks options as equal, which this poll does not allow`);
  }
  if (marks.length < limits.min || (limits.max !== null && marks.length > limits.max)) {
    throw new Problem("C12", `${where} ranks ${marks.length} options, outside the limits`);
  }
};

const checkPoints = (marks, limits, cost, where) => {
  const options = Object.keys(marks), given = Object.values(marks), total = sum(given);
  const whole = limits.sum ?? null;
  if (!options.every((option) => cost.has(option)) || given.some((points) => points < 1)) {
    throw new Problem("C12", `${where} gives points to what is no option of this poll, or fewer than one`);
  }
  if (limits.max !== null && given.some((points) => points > limits.max)) {
    throw new Problem("C12", `${where} gives an option more points than a ballot may`);
  }
  if (whole !== null && total > BigInt(whole)) throw new Problem("C12", `${where} gives more points than a ballot has`);
  if (options.length && limits.exact && total !== BigInt(whole)) throw new Problem("C12", `${where} does not give exactly ${whole} points`);
  if (options.length && options.length < (limits.min ?? 0)) {
    throw new Problem("C12", `${where} gives points to ${options.length} options, fewer than it must`);
  }
};

// C19
export const checkParticipation = async (poll) => {
  const stated = poll.one("participation.published").d, roll = poll.one("roll.committed").d;
  if (stated.roll !== roll.roll) throw new Problem("C19", "participation is stated for another roll");
  const places = poll.all("roll.changed").reduce((total, { d }) => total + d.added_count, roll.count);
  const size = Math.ceil(places / 8);
  const bits = await readBlob(poll.log.source, stated.bitmap_sha256, size, "C19", "the participation bitmap");
  let ones = 0;
  for (const byte of bits) for (let rest = byte; rest; rest &= rest - 1) ones += 1;
  if (bits.length !== size || (places % 8 && bits[size - 1] & (255 >> places % 8))) {
    throw new Problem("C19", "the participation bitmap does not have one bit for each roll entry");
  }
  if (ones !== stated.used || ones !== poll.credentials) {
    throw new Problem("C19", `${poll.credentials} credentials cast a ballot, ${stated.used} are stated, ${ones} are marked`);
  }
  poll.bits = bits;
  return `participation (${grouped(ones)} of ${grouped(places)})`;
};

// Whether the place with this roll index is marked as having cast; null where that is not published.
export const hasCast = (poll, index) => (poll.bits ? Boolean(poll.bits[index >> 3] & (128 >> index % 8)) : null);
