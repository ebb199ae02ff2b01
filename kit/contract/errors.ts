/**
 * The two ways in which a command ends badly on purpose.
 *
 * @module
 */

/** Bad input: nothing was started and nothing was lost. Exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The run failed after it had begun; what was captured is kept. Exit code 1. */
export class RunError extends Error {
  override name = "RunError";
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
