/** Runs the command line as a person would. */

import { fileURLToPath } from "node:url";
import { runCli } from "../cli.ts";
import type { ProcessHost } from "../kit/contract/context.ts";
import { systemContext, talkOf } from "../kit/engine/system/context.ts";
import { outputOn } from "../kit/engine/system/system_output.ts";

/** The module that a vscope of a test, and the guard of its processes, is. */
export const CLI = fileURLToPath(new URL("../cli.ts", import.meta.url));

/** How the launcher runs Deno. */
export const DENO_RUN = ["run", "-A", "--quiet", "--unstable-lazy-dynamic-imports"];

/** What a command printed and how it ended. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Where a command runs; `env` is added to ours, and a variable that is undefined is taken away. */
export interface Place {
  env?: Record<string, string>;
  cwd?: string;
}

/** Starts `vscope ARGS`. */
export function startVscope(
  args: string[],
  options: Place & { main?: string } = {},
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...DENO_RUN, options.main ?? CLI, ...args],
    env: { NO_COLOR: "1", ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs `vscope ARGS` to its end. */
export async function vscope(
  args: string[],
  options: Place & { main?: string } = {},
): Promise<Ran> {
  return await ended(startVscope(args, options));
}

/** Waits for a process and reads what it printed. */
export async function ended(child: Deno.ChildProcess): Promise<Ran> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Reads what a process prints as it comes. */
export function heard(child: Deno.ChildProcess): { said: Ran; ended: Promise<Ran> } {
  const said: Ran = { code: 0, stdout: "", stderr: "" };
  const listen = async (name: "stdout" | "stderr") => {
    for await (const text of child[name].pipeThrough(new TextDecoderStream())) said[name] += text;
  };
  const whole = Promise.all([child.status, listen("stdout"), listen("stderr")]);
  return { said, ended: whole.then(([{ code }]) => Object.assign(said, { code })) };
}

/**
 * Runs `vscope ARGS` to its end in the test's own process, which loads its modules once for all
 * runs. For what is answered, told and written; what a process is asked for itself (signals,
 * permissions, standard input, its death) takes {@linkcode vscope}.
 */
export async function vscopeHere(args: string[], place: Place = {}): Promise<Ran> {
  const env = { ...Deno.env.toObject(), NO_COLOR: "1", ...place.env };
  const cwd = place.cwd ?? Deno.cwd();
  const ran: Ran = { code: 1, stdout: "", stderr: "" };
  const talk = talkOf(args, env);
  const { context, close } = systemContext(talk, CLI);
  const output = outputOn(
    talk,
    { write: (text) => (ran.stdout += text, true) },
    { write: (text) => (ran.stderr += text, true) },
    () => performance.now(),
  );
  try {
    const processes = hostIn(context.processes, { NO_COLOR: "1", ...place.env }, cwd);
    const { terminal: _, ...outside } = context;
    ran.code = await runCli(args, { ...outside, env, cwd, output, processes });
  } finally {
    await close();
  }
  return ran;
}

/** Starts processes as from a process with that environment, in that folder. */
function hostIn(host: ProcessHost, env: Record<string, string>, cwd: string): ProcessHost {
  const within = <
    T extends { env?: Readonly<Record<string, string | undefined>>; inherit?: boolean },
  >(
    spec: T,
  ) => ({ cwd, ...spec, env: { ...(spec.inherit === false ? {} : env), ...spec.env } });
  return {
    start: (spec) => host.start(within(spec)),
    capture: (argv, options = {}) => host.capture(argv, within(options)),
  };
}
