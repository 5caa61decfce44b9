// The same script is the page and its worker.
import { parseCanonical } from "./canonical.js";
import { serve, verifyFiles } from "./engine.js";
import { missing } from "./i18n.js";
import { run } from "./ui.js";

if (typeof document === "undefined") {
  serve(globalThis);
} else {
  Object.assign(window, { verifyFiles, verifierParts: { parseCanonical, missing } });
  run();
}
