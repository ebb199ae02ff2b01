/**
 * The version of vscope; a test holds it equal to that of `deno.json`.
 *
 * @module
 */

/**
 * As `vscope --version` prints it.
 *
 * @example A semantic version
 * ```ts
 * import assert from "node:assert/strict";
 * import { VERSION } from "@vscope/vscope";
 *
 * assert.match(VERSION, /^\d+\.\d+\.\d+$/);
 * ```
 */
export const VERSION = "0.1.0";
