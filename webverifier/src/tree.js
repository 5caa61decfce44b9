// The Merkle tree of RFC 6962. Many hashes stand one after another in one array of bytes.
import { Problem, equal, sha256 } from "./bytes.js";

const pair = new Uint8Array(65);
pair[0] = 1;

export const nodeHash = (left, right) => {
  pair.set(left, 1);
  pair.set(right, 33);
  return sha256(pair);
};

let room = new Uint8Array(1024);

export const leafHash = (data) => {
  if (data.length >= room.length) room = new Uint8Array(2 * data.length);
  room.set(data, 1);
  room[0] = 0;
  return sha256(room.subarray(0, data.length + 1));
};

export const hashAt = (hashes, index) => hashes.subarray(32 * index, 32 * index + 32);

// MTH over leaf hashes `from` (included) to `to` (not included) of `hashes`.
export const treeRoot = (hashes, from = 0, to = hashes.length / 32) => {
  if (to <= from) return sha256(new Uint8Array(0));
  const row = hashes.slice(32 * from, 32 * to);
  for (let count = to - from; count > 1; count = (count + 1) >> 1) {
    for (let i = 0; i + 1 < count; i += 2) row.set(nodeHash(hashAt(row, i), hashAt(row, i + 1)), 16 * i);
    if (count % 2) row.copyWithin(16 * (count - 1), 32 * (count - 1), 32 * count); // the last one stands alone and moves up
  }
  return row.slice(0, 32);
};

// RFC 9162 section 2.1.3.2. Throws unless `path` leads from `leaf` at `index` to `root`.
export const checkInclusion = (leaf, index, size, path, root, check) => {
  if (!(index >= 0 && index < size)) throw new Problem(check, `index ${index} is not inside a tree of size ${size}`);
  let node = leaf, fn = index, sn = size - 1;
  const half = (number) => Math.floor(number / 2); // sizes may exceed 32 bits
  for (const step of path) {
    if (step.length !== 32 || sn === 0) throw new Problem(check, "the inclusion proof has the wrong length");
    if (fn % 2 || fn === sn) {
      node = nodeHash(step, node);
      while (fn % 2 === 0 && fn) [fn, sn] = [half(fn), half(sn)];
    } else {
      node = nodeHash(node, step);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  if (sn || !equal(node, root)) throw new Problem(check, "the inclusion proof does not lead to the signed root");
};
