/**
 * How a run ended, from the manifest of its bundle.
 *
 * @module
 */

import type { RunContext } from "../contract/context.ts";
import { INTERRUPTED } from "../contract/execute.ts";
import type { Outcome } from "../contract/recipe.ts";
import type { Manifest } from "../bundle/manifest.ts";

/** Tells the person what went wrong, and gives the outcome with its exit code. */
export function outcomeOf(context: RunContext, out: string, manifest: Manifest): Outcome {
  const status = manifest.status ?? "failed";
  const exitCode = status === "complete"
    ? 0
    : status === "interrupted"
    ? INTERRUPTED[String(context.signal.reason)] ?? 1
    : 1;
  for (const note of manifest.notes) {
    if (note.severity === "error") context.output.error(note.message);
    if (note.severity === "warning") context.output.warn(note.message);
  }
  return {
    exitCode,
    status,
    bundle: out,
    json: {
      schema_version: 1,
      recipe: manifest.recipe,
      status,
      exit_code: exitCode,
      bundle: out,
      notes: manifest.notes,
    },
    text: out,
  };
}
