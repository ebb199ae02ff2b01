/**
 * The two ways in which a command ends badly on purpose.
 *
 * @module
 */

/** Bad input: nothing was started and nothing was lost. Exit code 2. */
export class UsageError extends Error {
  /** Name of the class. */
  override name = "UsageError";
}

/** The run failed after it had begun; what was captured is kept. Exit code 1. */
export class RunError extends Error {
  /** Name of the class. */
  override name = "RunError";
}

/** The reader of standard output has left before all was written, as `head` does. No failure. */
export class ReaderGone extends Error {
  /** Name of the class. */
  override name = "ReaderGone";
}

/** Says what Deno does not allow, as bad input; undefined for any other error. */
export function notAllowed(error: unknown): UsageError | undefined {
  if (!(error instanceof Deno.errors.NotCapable)) return undefined;
  const what = error.message.split(", run again")[0]!.replace(/^Requires/, "it requires");
  return new UsageError(
    `Cannot go on, because Deno does not allow it: ${what}; ` +
      "run it with the flags that the end of --help names",
  );
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
