// Where bytes come from: the web, a bundle (zip), a folder, or memory. `read` answers at most `limit` + 1 bytes, so that the
// caller sees what is too long, and throws Missing or CannotTell.
import { CannotTell, MAX_NOTE, Missing, Problem, hexhash, plain, untext } from "./bytes.js";

export class Files {
  // `files`: path -> Uint8Array, or a Blob (File, part of a zip).
  constructor(files, name = "", prefix = "") {
    Object.assign(this, { files, name, prefix });
  }

  at(prefix) {
    return new Files(this.files, this.name, this.prefix + prefix);
  }

  async read(path, limit) {
    const file = this.files.get(this.prefix + path);
    if (file === undefined) throw new Missing(path);
    if (file instanceof Uint8Array) return file.subarray(0, limit + 1);
    try {
      return file.deflated ? await inflate(file.deflated, limit + 1) : new Uint8Array(await file.slice(0, limit + 1).arrayBuffer());
    } catch (error) {
      throw new CannotTell(`cannot read ${plain(path)}: ${error.message}`);
    }
  }
}

export class Web {
  constructor(address) {
    let url;
    try {
      url = new URL(address);
    } catch {
      throw new CannotTell(`not an http or https address: ${plain(address)}`);
    }
    if (!["http:", "https:"].includes(url.protocol)) throw new CannotTell(`not an http or https address: ${plain(address)}`);
    url.search = url.hash = "";
    this.name = url.href.replace(/\/*$/, "/");
  }

  at(prefix) {
    return new Web(new URL(prefix, this.name).href);
  }

  async read(path, limit) {
    let answer;
    try {
      answer = await fetch(this.name + path, { credentials: "omit", referrerPolicy: "no-referrer", signal: AbortSignal.timeout(30_000) });
      if (answer.status === 404 || answer.status === 410) throw new Missing(path);
      if (!answer.ok) throw new CannotTell(`${this.name}${path} answers with HTTP status ${answer.status}`);
      return await drain(answer.body, limit + 1);
    } catch (error) {
      if (error instanceof Missing || error instanceof CannotTell) throw error;
      throw new CannotTell(`cannot reach ${this.name}${path}: ${plain(error.message)}`);
    }
  }
}

// At most `most` bytes of a stream; the rest is not read.
const drain = async (stream, most) => {
  const reader = stream.getReader();
  const parts = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
    if (length >= most) {
      await reader.cancel();
      break;
    }
  }
  if (parts.length === 1) return parts[0].subarray(0, most);
  const whole = new Uint8Array(Math.min(length, most));
  let at = 0;
  for (const part of parts) {
    whole.set(part.subarray(0, whole.length - at), at);
    at += Math.min(part.length, whole.length - at);
  }
  return whole;
};

const inflate = (blob, most) => drain(blob.stream().pipeThrough(new DecompressionStream("deflate-raw")), most);

// The files of a zip. Names twice, encryption and zip64 are refused: two readers could see two things.
export const openZip = async (blob) => {
  const refuse = (why) => new CannotTell(`the bundle cannot be read: ${why}`);
  const start = Math.max(0, blob.size - 65_557);
  const tail = new DataView(await blob.slice(start).arrayBuffer());
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw refuse("it is no zip file");
  const count = tail.getUint16(end + 10, true), size = tail.getUint32(end + 12, true), from = tail.getUint32(end + 16, true);
  if (count === 0xffff || from === 0xffffffff) throw refuse("it is too large");
  const list = new DataView(await blob.slice(from, from + size).arrayBuffer());
  const files = new Map();
  for (let at = 0, i = 0; i < count; i++) {
    if (at + 46 > list.byteLength || list.getUint32(at, true) !== 0x02014b50) throw refuse("its list of files is damaged");
    const field = (offset) => list.getUint16(at + offset, true);
    const packed = list.getUint32(at + 20, true), local = list.getUint32(at + 42, true), method = field(10);
    const name = untext(new Uint8Array(list.buffer, at + 46, field(28)));
    at += 46 + field(28) + field(30) + field(32);
    if (name.endsWith("/")) continue;
    if (files.has(name)) throw refuse("it holds a name twice");
    files.set(name, { local, packed, method });
  }
  for (const [name, { local, packed, method }] of files) {
    const head = new DataView(await blob.slice(local, local + 30).arrayBuffer());
    if (head.byteLength < 30 || head.getUint32(0, true) !== 0x04034b50) throw refuse(`${plain(name)} is damaged`);
    if (head.getUint16(6, true) & 1 || ![0, 8].includes(method)) throw refuse(`${plain(name)} is packed in another way`);
    const data = local + 30 + head.getUint16(26, true) + head.getUint16(28, true);
    const part = blob.slice(data, data + packed);
    files.set(name, method ? { deflated: part } : part);
  }
  return new Files(files, "bundle");
};

// What somebody picked: one zip, or the files of a folder (its own name is the first part of each of `paths`).
export const openPicked = async (picked, paths) => {
  if (picked.length === 1 && !paths[0]) return openZip(picked[0]);
  const files = new Map(picked.map((file, i) => [paths[i].split("/").slice(1).join("/"), file]));
  return new Files(files, "folder");
};

// A file that the log has promised by its signature: its absence is a Problem, not bad luck.
export const read = async (source, path, limit, check, what) => {
  let data;
  try {
    data = await source.read(path, limit);
  } catch (error) {
    if (error instanceof Missing) throw new Problem(check, `the log does not serve ${what} (${path})`);
    throw error;
  }
  if (data.length > limit) throw new Problem(check, `${what} is longer than ${limit} bytes (${path})`);
  return data;
};

export const readBlob = async (source, name, limit, check, what) => {
  const data = await read(source, "blob/" + name, limit, check, what);
  if (hexhash(data) !== name) {
    throw new Problem(check, `the bytes of ${what} do not have the SHA-256 that the log names (${name.slice(0, 16)}…)`);
  }
  return data;
};

const readList = async (source, path) => {
  const list = JSON.parse(untext(await source.read(path, MAX_NOTE)));
  if (!Array.isArray(list.logs)) throw new TypeError("no list");
  const common = "receipt_vkey" in list ? { receipt_vkey: list.receipt_vkey } : {};
  return list.logs.map((log) => {
    const declared = { ...common, ...log };
    for (const name of ["origin", "prefix", "vkey", "receipt_vkey"]) {
      if (typeof (declared[name] ?? "") !== "string") throw new TypeError("not text");
    }
    if (typeof declared.prefix !== "string") throw new TypeError("no prefix");
    return declared;
  });
};

// The logs behind an address, a bundle, or the files of a log prefix: [{ source, declared }].
export const findLogs = async (base) => {
  const web = base instanceof Web;
  let logs;
  try {
    logs = await readList(base, web ? "log/" : "log/index.json");
    const within = (prefix) => {
      if (!/^\/?log\/[A-Za-z0-9_-]+\/?$/.test(prefix)) throw new TypeError("a prefix outside the bundle");
      return base.at(prefix.replace(/^\/|\/$/g, "") + "/");
    };
    const under = (prefix) => (web ? base.at(prefix) : within(prefix));
    logs = logs.map((declared) => ({ source: under(declared.prefix), declared }));
  } catch (error) {
    if (error instanceof Missing) return [{ source: base, declared: {} }]; // no list of logs here: this must be a log itself
    if (error instanceof CannotTell) throw error;
    throw new CannotTell(`${base.name} does not answer with a readable list of logs`);
  }
  if (!logs.length) throw new CannotTell(`${base.name} names no log yet`);
  return logs;
};
