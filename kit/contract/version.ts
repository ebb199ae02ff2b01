/**
 * The version of vscope; a test holds it equal to that of `deno.json`.
 *
 * @module
 */

/** As `vscope --version` prints it. */
export const VERSION = "0.1.0";
