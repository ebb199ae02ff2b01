/**
 * Runs Deno, with the Deno that runs us.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** How Deno is run. */
export interface RunOptions {
  /** Added to our environment. */
  readonly env?: Record<string, string>;
  /** Takes both outputs once it has ended; without it they go where ours go, at once. */
  readonly print?: (output: Uint8Array) => Promise<void>;
}

/** Runs `deno ARGS`; returns the exit code. */
export async function run(args: string[], options: RunOptions = {}): Promise<number> {
  const { env = {}, print } = options;
  if (!print) {
    const child = new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env }).spawn();
    return (await child.status).code;
  }
  const child = new Deno.Command(Deno.execPath(), {
    ...{ args, cwd: ROOT, env },
    ...{ stdout: "piped", stderr: "piped" },
  }).spawn();
  const chunks: Uint8Array[] = [];
  const readers = [child.stdout.getReader(), child.stderr.getReader()];
  const read = readers.map(async (reader) => {
    for (let part; !(part = await reader.read()).done;) chunks.push(part.value);
  });
  const { code } = await child.status;
  // A process that was left behind may hold the pipes open.
  const timer = setTimeout(() => readers.forEach((reader) => reader.cancel()), 2000);
  await Promise.all(read);
  clearTimeout(timer);
  await print(Buffer.concat(chunks));
  return code;
}

/** Prints a line. */
export async function say(line: string): Promise<void> {
  await write(new TextEncoder().encode(line + "\n"));
}

/** Prints bytes, all of them. */
export async function write(bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}
