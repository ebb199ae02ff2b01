/**
 * Guards: what has to be so before anything is started.
 *
 * All of them look, and all are told, so that a person mends everything in one go.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import type { GuardRecord } from "../../bundle/metal_record.ts";

/** Looks at one thing; never throws. */
export type Guard = (context: RunContext) => Promise<GuardRecord>;

const MARK = { ok: "ok     ", warning: "warning", refused: "refused", unknown: "unknown" };

/**
 * Runs every guard and tells what each found.
 *
 * @param onlyWarn Names of guards whose refusal is a warning, because a person said so.
 * @throws {UsageError} when one refuses; nothing was started.
 */
export async function passGuards(
  context: RunContext,
  subject: string,
  guards: readonly Guard[],
  onlyWarn: readonly string[] = [],
): Promise<GuardRecord[]> {
  const found: GuardRecord[] = [];
  for (const guard of guards) {
    const result = await guard(context);
    found.push(
      result.outcome === "refused" && onlyWarn.includes(result.name)
        ? { ...result, outcome: "warning" }
        : result,
    );
  }
  for (const { name, outcome, found: seen, remedy } of found) {
    const more = remedy && outcome !== "ok" ? `; ${remedy}` : "";
    context.output.note(`${MARK[outcome]}  ${name.padEnd(9)} ${seen}${more}`);
  }
  const refused = found.filter(({ outcome }) => outcome === "refused");
  if (refused.length > 0) {
    const reasons = refused.map(({ found: seen, remedy }) => remedy ? `${seen} (${remedy})` : seen);
    throw new UsageError(`Cannot run ${subject}: ${reasons.join("; ")}`);
  }
  return found;
}

/** Runs a short command; undefined where it is not there or does not work. */
export async function ask(
  context: RunContext,
  ...argv: string[]
): Promise<string | undefined> {
  try {
    const { code, stdout } = await context.processes.capture(argv, { timeoutMs: 20_000 });
    return code === 0 ? stdout.trim() : undefined;
  } catch {
    return undefined;
  }
}
