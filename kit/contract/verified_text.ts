/**
 * Texts that are embedded in vscope are used only as they were built.
 *
 * Deno's lock file covers code and not what is imported as text, and some of these texts are Python
 * that runs, or script within a report.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { RunError } from "./errors.ts";
import { TEXT_CHECKSUMS } from "./text_checksums.ts";

/** Whether a text is what was pinned when vscope was built. */
export function isAsBuilt(path: string, text: string): boolean {
  return createHash("sha256").update(text).digest("hex") === TEXT_CHECKSUMS[path];
}

/**
 * The text, when it is what was pinned.
 *
 * @param path From the checkout.
 * @throws {RunError} when it is not: it is not to be used then.
 */
export function verified(path: string, text: string): string {
  if (isAsBuilt(path, text)) return text;
  throw new RunError(
    `Cannot use ${path}: it differs from what this vscope was built with; download vscope again`,
  );
}
