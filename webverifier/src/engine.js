// The verifier without a face: what the page's worker does, and what tests call.
import { CannotTell, MAX_NOTE, Missing, plain, untext } from "./bytes.js";
import { parseVkey } from "./note.js";
import { parsePolicy } from "./policy.js";
import { MAX_PAPER, checkPaper } from "./receipt.js";
import { Report } from "./report.js";
import { Files, Web, findLogs, openPicked } from "./source.js";
import { settle, verifyPoll } from "./verify.js";

// { vkeys, policy, now } from what was typed and picked: vkeys as text, a policy as text or bytes.
const givenOf = ({ vkeys = [], policy = null, now = Math.floor(Date.now() / 1000) }) => ({
  vkeys: vkeys.map((text) => parseVkey(text)), policy: policy && parsePolicy(policy), now,
});

// Check a poll. `name` may be null for a bundle, which says itself what it holds. Never throws: what went wrong is in the report.
export const check = async (open, name, options = {}, tick = () => {}) => {
  let report = new Report(), loaded = {}, bundled = null;
  try {
    const given = givenOf(options);
    const base = await open();
    bundled = base instanceof Files ? await bundledPoll(base) : null;
    if (name === null && bundled === null) throw new CannotTell("these files do not say which poll they hold: name it");
    if (name !== null && bundled !== null && name !== bundled) {
      throw new CannotTell(`this bundle holds what belongs to the poll ${plain(bundled)}, and not to ${plain(name)}`);
    }
    loaded = await verifyPoll(base, name ?? bundled, given, tick);
    report = loaded.report;
  } catch (error) {
    settle(report, error);
  }
  const titles = loaded.poll ? Object.fromEntries([...loaded.poll.titles].map(([id, texts]) => [`:${id}`, texts])) : {};
  return { loaded: { ...loaded, report, bundled }, answer: { ...report.json(), told: report.warnings.length, titles } };
};

// The poll that a bundle was made for, or null where the files are no bundle.
const bundledPoll = async (base) => {
  try {
    const about = JSON.parse(untext(await base.read("bundle.json", MAX_NOTE)));
    const origins = (await findLogs(base)).map(({ declared }) => declared.origin);
    if (about.v !== 1 || typeof about.poll !== "string" || origins.length !== 1 || origins[0] !== about.origin) throw new TypeError("another log");
    return about.poll;
  } catch (error) {
    if (error instanceof Missing) return null;
    if (error instanceof CannotTell) throw error;
    throw new CannotTell("bundle.json is not readable, or not of the log beside it");
  }
};

const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

// For tests and for other programs on this page: `files` is path -> base64, `papers` a list of base64.
export const verifyFiles = async (files, poll, options = {}, papers = []) => {
  const all = new Files(new Map(Object.entries(files).map(([path, data]) => [path, bytesOf(data)])), "memory");
  const policy = options.policy ? bytesOf(options.policy) : null;
  const { loaded, answer } = await check(() => all, poll, { ...options, policy });
  const found = [];
  for (const paper of papers) found.push((await checkPaper(bytesOf(paper), loaded, givenOf({ ...options, policy }))).json());
  return { ...answer, papers: found };
};

const openSource = ({ address, picked, paths }) => (picked ? openPicked(picked, paths) : new Web(address));

// Serve a page: one log at a time, and papers against the one that was read last.
export const serve = (scope) => {
  let loaded = {}, options = {};
  let told = 0;
  const tick = (step, done, of) => {
    if (Date.now() - told < 100) return;
    told = Date.now();
    scope.postMessage({ progress: { step, done, of } });
  };
  scope.onmessage = async ({ data }) => {
    if (data.paper) {
      const raw = new Uint8Array(await data.paper.slice(0, MAX_PAPER + 1).arrayBuffer());
      let report = new Report();
      try {
        report = await checkPaper(raw, loaded, givenOf(options));
      } catch (error) {
        settle(report, error);
      }
      scope.postMessage({ paper: report.json(), name: data.paper.name });
    } else {
      const policy = data.policy ? new Uint8Array(await data.policy.slice(0, MAX_NOTE + 1).arrayBuffer()) : null;
      options = { vkeys: data.vkeys, policy };
      const found = await check(() => openSource(data), data.poll || null, options, tick);
      loaded = found.loaded;
      scope.postMessage({ answer: found.answer });
    }
  };
};

