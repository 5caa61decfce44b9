// The same script is the page and its worker.
import { parseCanonical } from "./canonical.js";
import { serve, verifyFiles } from "./engine.js";
import { missing } from "./i18n.js";
import { parseNote, verifyEd25519 } from "./note.js";
import { parsePolicy } from "./policy.js";
import { checkInclusion } from "./tree.js";
import { run } from "./ui.js";

if (typeof document === "undefined") {
  serve(globalThis);
} else {
  Object.assign(window, {
    verifyFiles, verifierParts: { checkInclusion, missing, parseCanonical, parseNote, parsePolicy, verifyEd25519 },
  });
  run();
}
