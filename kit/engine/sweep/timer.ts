/**
 * The timer that a sweep is told to take.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { absolute } from "../session/session_plan.ts";

/** Those that come along, as `hooks/vscope_sweep/timers` calls them. */
const NAMED = ["cpu", "kineto"] as const;

/** Whether it is one of those that come along, and is called so in the journal. */
export function isNamedTimer(timer: string | undefined): timer is typeof NAMED[number] {
  return (NAMED as readonly (string | undefined)[]).includes(timer);
}

/**
 * The timer as the worker takes it: a name, or the absolute path of a file. Needs read permission.
 *
 * @throws {UsageError} where there is no such file.
 */
export async function findTimer(
  { files, cwd }: Pick<RunContext, "files" | "cwd">,
  timer: string | undefined,
): Promise<string | undefined> {
  if (timer === undefined || isNamedTimer(timer)) return timer;
  const path = absolute(timer, cwd);
  const isFile = await files.stat(path).then((found) => found.isFile, () => false);
  if (isFile && path.endsWith(".py")) return path;
  throw new UsageError(
    `Cannot run sweep: the timer "${timer}" is ${
      isFile ? "no Python file" : "neither a name nor a file"
    }; give ${NAMED.join(", ")} or the path of a file with a class Timer, such as ./timer.py`,
  );
}
