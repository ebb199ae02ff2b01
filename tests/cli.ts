/** Runs the command line as a person would. */

import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../cli.ts", import.meta.url));

/** What a command printed and how it ended. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Starts `vscope ARGS`; `env` is added to ours, and a variable that is undefined is taken away. */
export function startVscope(
  args: string[],
  options: { env?: Record<string, string>; cwd?: string; main?: string } = {},
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", options.main ?? CLI, ...args],
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
  options: { env?: Record<string, string>; cwd?: string; main?: string } = {},
): Promise<Ran> {
  return await ended(startVscope(args, options));
}

/** Waits for a process and reads what it printed. */
export async function ended(child: Deno.ChildProcess): Promise<Ran> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
