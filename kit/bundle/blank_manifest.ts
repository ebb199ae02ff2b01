/**
 * A manifest that says nothing yet.
 *
 * @module
 */

import { VERSION } from "../contract/version.ts";
import { BUNDLE_SCHEMA_VERSION, type Manifest } from "./manifest.ts";

/** The manifest of a run of which only the recipe and the start (ISO 8601) are known. */
export function blankManifest(recipe: string, startedAt: string): Manifest {
  return {
    schema_version: BUNDLE_SCHEMA_VERSION,
    recipe,
    started_at: startedAt,
    contract: {},
    command: [],
    versions: { vscope: VERSION, deno: Deno.version.deno },
    devices: [],
    engine: {},
    processes: [],
    hooks: [],
    dropped: {},
    artifacts: [],
    notes: [],
  };
}
