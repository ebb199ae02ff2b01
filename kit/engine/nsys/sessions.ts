/**
 * The sessions of nsys: what is being recorded on this machine.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError, UsageError } from "../../contract/errors.ts";

/** A session, as `nsys sessions list` tells it. */
export interface NsysSession {
  id: string;
  /** How long it has been there, as nsys writes it: `00:05`. */
  time: string;
  /** `Collection`, `Launched` … */
  state: string;
  name: string;
}

/** What our own sessions are called: this and vscope's process number. */
export const SESSION_PREFIX = "vscope-";

/** Reads what `nsys sessions list` prints, with or without its header. */
export function parseSessions(text: string): NsysSession[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+(?::\d+)+)\s+(\S.*?)\s+(\d+)\s+(\S.*?)\s*$/.exec(line);
    if (!match) return [];
    const [, id = "", time = "", state = "", , name = ""] = match;
    return [{ id, time, state, name }];
  });
}

/** The sessions of this user. @throws {RunError} when nsys cannot tell. */
export async function listSessions(context: RunContext, nsys: string): Promise<NsysSession[]> {
  const { code, stdout, stderr } = await context.processes.capture(
    [nsys, "sessions", "list"],
    { timeoutMs: 60_000 },
  );
  if (code !== 0) {
    throw new RunError(
      `Cannot list the sessions of nsys: exit code ${code} (${(stderr || stdout).trim()})`,
    );
  }
  return parseSessions(stdout);
}

/**
 * The session that is meant: the one that is named by its name or number; else the only one, or the
 * only one of vscope's.
 *
 * @throws {UsageError} when there is none, or several.
 */
export function chooseSession(
  sessions: readonly NsysSession[],
  named: string | undefined,
): NsysSession {
  const subject = "Cannot run nsys stop: ";
  if (sessions.length === 0) {
    throw new UsageError(
      `${subject}nsys has no session here; a recording is one, of the same user, from its start to ` +
        "its report (inside a container, run this there)",
    );
  }
  const list = sessions.map(({ name, state }) => `${name} (${state})`).join(", ");
  if (named !== undefined) {
    const found = sessions.find(({ id, name }) => name === named || id === named);
    if (found) return found;
    throw new UsageError(`${subject}there is no session "${named}"; there are ${list}`);
  }
  const own = sessions.filter(({ name }) => name.startsWith(SESSION_PREFIX));
  const candidates = own.length > 0 ? own : sessions;
  if (candidates.length === 1) return candidates[0]!;
  throw new UsageError(`${subject}there are several sessions; name one of ${list}`);
}

/** argv that ends a session's recording. */
export function stopArgv(nsys: string, session: string): string[] {
  return [nsys, "stop", `--session=${session}`];
}
