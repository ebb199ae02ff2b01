/**
 * Runs Deno, with the Deno that runs us.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** The checkout. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** Runs `deno ARGS` with our own output; returns the exit code. */
export async function run(args: string[], env: Record<string, string> = {}): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env }).spawn();
  return (await child.status).code;
}

/** Prints a line. */
export async function say(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(line + "\n"));
}
