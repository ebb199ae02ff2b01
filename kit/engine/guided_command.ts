/**
 * A vLLM command from its start to its end, with its output in the bundle.
 *
 * @module
 */

import type { ProcessEnd, RunContext, RunningProcess } from "../contract/context.ts";
import { messageOf, RunError } from "../contract/errors.ts";
import type { ProcessRecord } from "../bundle/manifest.ts";
import { engineDeath } from "./engine_death.ts";

/** Files that the output of the command goes to, within the bundle. */
export const LOGS = { stdout: "logs/stdout.log", stderr: "logs/stderr.log" };

/** A command and what to do while it runs. */
export interface GuidedCommand {
  argv: readonly string[];
  /** Variables that are added to the inherited environment. */
  env: Readonly<Record<string, string>>;
  /** False: the command gets `env` and nothing of ours. */
  inherit?: boolean;
  /** The bundle's folder; its folder `logs` has to be there. */
  dir: string;
  /** Where the command's own output is shown as it comes: as if it ran alone, on stderr, nowhere. */
  echo: "as-is" | "stderr" | "none";
  /** How long it may take to end before it is killed. */
  graceMs: number;
  /** Called before the command is ended. */
  ending?: () => Promise<void>;
  /** How the command is asked to end before it is made to, for one that must not get a TERM. */
  asked?: { signal: Deno.Signal; waitMs: number };
  /** Exit codes that mean no trouble; 0 alone where there is none. */
  goodCodes?: readonly number[];
  /** Called once it runs. */
  started?: (process: RunningProcess) => Promise<void>;
  /**
   * What to do while the command runs; when it is done the command is ended. Without it the run
   * lasts until the command ends by itself.
   */
  during?: (process: RunningProcess, logPath: string) => Promise<void>;
  /** The command may end while `during` goes on, which looks at that itself. */
  mayEndFirst?: boolean;
  /** Called with each line of its output. */
  heard?: (line: string) => void;
  /** Rejects, with the reason, when a command without `during` has to be ended. */
  limit?: Promise<never>;
  /**
   * What is left to be done before the command is ended, when Ctrl-C came or `during` was not
   * carried through.
   */
  cutShort?: () => Promise<void>;
}

/** How a command ended. */
export interface CommandEnd {
  end: ProcessEnd;
  /** Nobody ended it. */
  byItself: boolean;
  /** It ran until vscope ended it. */
  endedByUs: boolean;
  /** Whether it ended as a command does that has succeeded. */
  well: boolean;
  /** Why `during` was not carried through. */
  failure?: string;
  /** The line in which vLLM says that its engine has died. */
  death?: string;
}

/**
 * Runs a command; it and all that it started have ended when this returns.
 *
 * @throws {UsageError} when the command cannot be started.
 */
export async function runGuided(context: RunContext, command: GuidedCommand): Promise<CommandEnd> {
  const stdoutPath = `${command.dir}/${LOGS.stdout}`;
  const stderrPath = `${command.dir}/${LOGS.stderr}`;
  const { argv, env } = command;
  const { output } = context;
  const { heard = () => {} } = command;
  const shown = (show: (line: string) => void) => (line: string) => {
    heard(line);
    if (command.echo !== "none") show(line);
  };
  const process = await context.processes.start({
    argv,
    env,
    ...(command.inherit === undefined ? {} : { inherit: command.inherit }),
    stdoutPath,
    stderrPath,
    ...(command.echo === "none" && !command.heard ? {} : {
      stdoutLine: shown((line) =>
        command.echo === "as-is" ? output.result(line) : output.note(line)
      ),
      stderrLine: shown((line) => output.note(line)),
    }),
  });
  let gone = false;
  process.ended.then(() => gone = true, () => gone = true);
  await command.started?.(process);
  const failure = await guide(context, command, process, stderrPath);
  const death = await engineDeath(context, [stdoutPath, stderrPath]);
  if (context.signal.aborted || failure !== undefined) await command.cutShort?.();
  const byItself = failure === undefined && command.during === undefined && !context.signal.aborted;
  const endedByUs = !byItself && !gone;
  if (!byItself) {
    context.output.progress("Ending vLLM");
    await command.ending?.();
    if (command.asked) await ask(context, process, command.asked);
  }
  const end = await process.end(byItself ? 1000 : command.graceMs);
  return {
    end,
    byItself,
    endedByUs,
    well: end.signal === null && (command.goodCodes ?? [0]).includes(end.code),
    ...(failure === undefined ? {} : { failure }),
    ...(death === undefined ? {} : { death }),
  };
}

/** The command in the manifest's list of processes. */
export function commandRecord(pid: number, seen?: CommandEnd): ProcessRecord {
  const end = seen?.end;
  return {
    pid,
    role: "command",
    started_sec: 0,
    ...(end ? { exit_code: end.code } : {}),
    ...(end?.signal ? { signal: end.signal } : {}),
    ...(seen?.endedByUs ? { ended_by: "vscope" as const } : {}),
  };
}

/** Sends the signal, and waits for the end for as long as it may take. */
async function ask(
  context: RunContext,
  process: RunningProcess,
  { signal, waitMs }: { signal: Deno.Signal; waitMs: number },
): Promise<void> {
  process.signal(signal);
  const enough = new AbortController();
  await Promise.race([process.ended, context.clock.sleep(waitMs, enough.signal)]);
  enough.abort();
}

/** What went wrong with a command, a sentence each. */
export function troubles({ end, byItself, well, failure, death }: CommandEnd): string[] {
  const found: string[] = [];
  if (failure) found.push(failure);
  if (byItself && !well) {
    found.push(`The command ended with ${end.signal ?? `exit code ${end.code}`}`);
  }
  if (end.lostOutputBytes) {
    found.push(
      `${end.lostOutputBytes} bytes of the command's output could not be written to logs/`,
    );
  }
  if (death) found.push(`vLLM's engine died: ${death}`);
  return found;
}

/** Lets the run take its course; returns why it failed. */
async function guide(
  context: RunContext,
  command: GuidedCommand,
  process: RunningProcess,
  logPath: string,
): Promise<string | undefined> {
  const interrupted = new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  if (!command.during) {
    const ends: Promise<unknown>[] = [process.ended, interrupted];
    if (command.limit) ends.push(command.limit);
    return await Promise.race(ends).then(() => undefined, messageOf);
  }
  const died = process.ended.then(({ code, signal }) => {
    throw new RunError(`vLLM ended before its work was done (${signal ?? `exit code ${code}`})`);
  });
  // Where nobody waits for it, it is no error.
  died.catch(() => {});
  try {
    const ends = [command.during(process, logPath), interrupted];
    await Promise.race(command.mayEndFirst ? ends : [...ends, died]);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
