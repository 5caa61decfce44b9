// What was checked, with which outcome: pass, fail, warn, n/a, or open (could not be checked).
import { CannotTell, Problem, plain } from "./bytes.js";

export const moment = (seconds) => {
  const at = new Date(seconds * 1000);
  return Number.isNaN(at.getTime()) ? `second ${seconds}` : at.toISOString().replace("T", " ").replace(/\..*/, " UTC");
};

export class Report {
  constructor() {
    this.checks = [];
    this.warnings = [];
    this.undecided = [];
    this.log = {};
    this.poll = {};
  }

  add(check, status, text) {
    this.checks.push({ id: check, status, text: plain(text) });
  }

  warn(text) {
    if (!this.warnings.includes(text)) this.warnings.push(text);
  }

  // Do one check, unless one of those it `needs` has failed.
  async run(check, action, needs = "") {
    const failed = this.checks.filter((c) => needs.split(" ").includes(c.id) && ["fail", "open"].includes(c.status)).map((c) => c.id);
    if (failed.length) {
      const names = [...new Set(failed)].sort().join(", ");
      if (!failed.includes(check)) this.add(check, "open", `not reached because ${names} did not pass`);
      return;
    }
    try {
      const said = await action(); // a sentence, or [status, sentence]
      this.add(check, ...(Array.isArray(said) ? said : ["pass", said]));
    } catch (error) {
      if (error instanceof Problem) {
        this.add(error.check, "fail", error.message);
        if (error.check !== check) this.add(check, "open", `not reached because ${error.check} did not pass`);
      } else if (error instanceof CannotTell) {
        this.add(check, "open", error.message);
        this.undecided.push(error.message);
      } else {
        // What hostile bytes make of a check that did not foresee them is a failed check, never a page that stops.
        console.warn(error);
        this.add(check, "fail", `the published data is malformed (${error.name})`);
      }
    }
  }

  get verdict() {
    if (this.checks.some((check) => check.status === "fail")) return "fail";
    return this.undecided.length || this.checks.some((check) => check.status === "open") ? "cannot tell" : "pass";
  }

  // The same JSON as the command-line verifier writes.
  json() {
    return {
      verdict: this.verdict, checks: this.checks, log: this.log, poll: this.poll, warnings: [...this.warnings, ...this.undecided],
    };
  }
}
