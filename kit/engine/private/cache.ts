/**
 * vscope's folder in the user's cache.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";

/**
 * `$VSCOPE_CACHE_DIR`, else `$XDG_CACHE_HOME/vscope`, else `~/.cache/vscope`.
 *
 * @throws {UsageError} where none of the variables is set.
 */
export function cacheFolder(env: Readonly<Record<string, string>>): string {
  if (env["VSCOPE_CACHE_DIR"]) return env["VSCOPE_CACHE_DIR"];
  if (env["XDG_CACHE_HOME"]) return `${env["XDG_CACHE_HOME"]}/vscope`;
  if (env["HOME"]) return `${env["HOME"]}/.cache/vscope`;
  throw new UsageError(
    "Cannot find a folder for the private vLLM: neither VSCOPE_CACHE_DIR nor HOME is set; set one",
  );
}
