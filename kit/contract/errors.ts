/**
 * The two ways in which a command ends badly on purpose.
 *
 * @module
 */

/**
 * Bad input: nothing was started and nothing was lost. Exit code 2.
 *
 * @example A folder that is no bundle
 * ```ts
 * import assert from "node:assert/strict";
 * import { analyzeSession, UsageError } from "@vscope/vscope";
 *
 * await assert.rejects(() => analyzeSession(Deno, "no/such/folder"), UsageError);
 * ```
 */
export class UsageError extends Error {
  /** Name of the class. */
  override name = "UsageError";
}

/**
 * The run failed after it had begun; what was captured is kept. Exit code 1.
 *
 * @example A tool that fails on its way
 * ```ts
 * import assert from "node:assert/strict";
 * import { defineTool, executeTool, RunError, systemContext } from "@vscope/vscope";
 *
 * const tool = defineTool({
 *   name: "upload",
 *   summary: "an example",
 *   description: "It fails.",
 *   options: {},
 *   operands: [],
 *   examples: [],
 *   run: () => Promise.reject(new RunError("Cannot upload run1: the disk there is full")),
 * });
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const said: string[] = [];
 * const output = { ...context.output, error: (text: string) => void said.push(text) };
 * assert.equal(await executeTool(tool, [], { ...context, output }), 1);
 * assert.deepEqual(said, ["Cannot upload run1: the disk there is full"]);
 * await close();
 * ```
 */
export class RunError extends Error {
  /** Name of the class. */
  override name = "RunError";
}

/**
 * The reader of standard output has left before all was written, as `head` does. No failure.
 *
 * @example What to say of an error, and of this one nothing
 * ```ts
 * import assert from "node:assert/strict";
 * import { messageOf, ReaderGone } from "@vscope/vscope";
 *
 * const told = (error: unknown) => error instanceof ReaderGone ? undefined : messageOf(error);
 * assert.equal(told(new ReaderGone()), undefined);
 * assert.equal(told(new Error("the disk is full")), "the disk is full");
 * ```
 */
export class ReaderGone extends Error {
  /** Name of the class. */
  override name = "ReaderGone";
}

/**
 * Says what Deno does not allow, as bad input; undefined for any other error.
 *
 * @example What was refused, in a sentence
 * ```ts
 * import assert from "node:assert/strict";
 * import { notAllowed } from "@vscope/vscope";
 *
 * const refused = new Deno.errors.NotCapable('Requires read access to "run1", run again with …');
 * assert.match(notAllowed(refused)!.message, /it requires read access to "run1"; run it with/);
 * assert.equal(notAllowed(new Error("the disk is full")), undefined);
 * ```
 */
export function notAllowed(error: unknown): UsageError | undefined {
  if (!(error instanceof Deno.errors.NotCapable)) return undefined;
  const what = error.message.split(", run again")[0]!.replace(/^Requires/, "it requires");
  return new UsageError(
    `Cannot go on, because Deno does not allow it: ${what}; ` +
      "run it with the flags that the end of --help names",
  );
}

/**
 * The text of anything that was thrown.
 *
 * @example Anything can be thrown
 * ```ts
 * import assert from "node:assert/strict";
 * import { messageOf } from "@vscope/vscope";
 *
 * assert.deepEqual([new Error("full"), "full"].map(messageOf), ["full", "full"]);
 * ```
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
