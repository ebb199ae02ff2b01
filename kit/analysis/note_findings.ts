/**
 * What a bundle's own notes say, as findings.
 *
 * @module
 */

import type { Manifest } from "../bundle/manifest.ts";
import type { Finding } from "./findings.ts";

/** Errors and warnings of the manifest. */
export function noteFindings(manifest: Manifest): Finding[] {
  return manifest.notes.flatMap(({ severity, message }) =>
    severity === "info" ? [] : {
      severity,
      title: "The record has a flaw",
      evidence: message,
      advice: "Read every figure of this page with that in mind",
    }
  );
}
