// Ballots, the canonical ballot file and the lots, as docs/reference/results.md has them.
//
// A ballot is known by its key: what stands after the TAB of its line in the ballot file. Equal ballots have equal keys,
// and "" is the blank one. Whoever calls has checked before that every ballot is one that its poll allows.

let sha256 = () => {
  throw new Error("useSha256() was not called");
};

/** Give the hash function before anything is counted: Uint8Array -> Uint8Array. */
export function useSha256(hash) {
  sha256 = hash;
}

export const bytesOf = (text) => new TextEncoder().encode(text);

export const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export const hexHash = (text) => hexOf(sha256(bytesOf(text)));

/** Order of two texts as UTF-8 bytes, which is that of code points (JavaScript itself compares UTF-16 units). */
export function inBytes(a, b) {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at += 1) {
    if (a.charCodeAt(at) !== b.charCodeAt(at)) return a.codePointAt(at) - b.codePointAt(at);
  }
  return a.length - b.length;
}

/** The key of the ballot in a `b` of the log: {"approve":[…]}, {"rank":[[…],…]}, {"score":{…}} or {"alloc":{…}}. */
export function marksOf(b) {
  const [[kind, marks]] = Object.entries(b);
  if (kind === "approve") return [...marks].sort(inBytes).join(",");
  if (kind === "rank") return marks.map((rank) => [...rank].sort(inBytes).join("=") || "-").join(">");
  const ids = Object.keys(marks).sort(inBytes);
  return ids.map((id) => `${id}:${marks[id]}`).join(",");
}

/** How many there are of each ballot: Map from key to number. */
export function groupBallots(ballots) {
  const groups = new Map();
  for (const b of ballots) {
    const key = marksOf(b);
    groups.set(key, (groups.get(key) ?? 0) + 1);
  }
  return groups;
}

/** The canonical ballot file, as text. `ids` in ballot order. */
export function ballotFile(pollId, method, ids, groups) {
  const lines = [...groups].map(([key, times]) => `${times}\t${key}\n`).sort(inBytes);
  return `#contest: ${pollId}\n#rule: ${method}\n#candidates: ${ids.join(",")}\n${lines.join("")}`;
}

/** SHA-256 of the canonical ballot file, in hex. */
export function ballotsSha256(pollId, method, ids, groups) {
  return hexHash(ballotFile(pollId, method, ids, groups));
}

/** Seed and order of the lots, best first (lots-v1). `ballotsHash` is that of poll.closed. */
export function drawLots(pollId, ballotsHash, beacon, ids) {
  const seed = hexHash(`lots-v1\n${pollId}\n${ballotsHash}\n${beacon}\n`);
  const drawn = ids.map((id) => ({ id, hash: hexHash(`${seed}\n${id}\n`) }));
  drawn.sort((a, b) => inBytes(a.hash, b.hash) || inBytes(a.id, b.id));
  return { seed, order: drawn.map(({ id }) => id) };
}

/** Ranks, best first, each a list of ids; an empty rank is an empty list. */
export function ranksOf(key) {
  return key === "" ? [] : key.split(">").map((rank) => (rank === "-" ? [] : rank.split("=")));
}

/** What a ballot of approvals or points gives to whom: [[id, BigInt], …]. An approval is one point. */
export function pointsOf(key) {
  if (key === "") return [];
  return key.split(",").map((mark) => {
    const at = mark.indexOf(":");
    return at < 0 ? [mark, 1n] : [mark.slice(0, at), BigInt(mark.slice(at + 1))];
  });
}
