/**
 * The version of vscope; `./dev hooks` writes it to `deno.json` and into the Python package.
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
