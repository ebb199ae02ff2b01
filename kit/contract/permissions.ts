/**
 * What Deno has to allow for a recipe whose file is run by itself, as from a URL.
 *
 * @module
 */

import type { FileSystem } from "./context.ts";
import { UsageError } from "./errors.ts";

/**
 * Flags of `deno run` with which every recipe does all that it can do.
 *
 * A recipe ends all that it started and knows whether a session still runs, by what Linux tells in
 * /proc. Deno hands that out with `--allow-all` and nothing less.
 */
export function permissionFlags(os: typeof Deno.build.os): string[] {
  return os === "linux"
    ? ["--allow-all"]
    : ["--allow-env", "--allow-read", "--allow-write", "--allow-run", "--allow-net", "--allow-sys"];
}

/**
 * Throws, before anything is written, where processes could be started and not be ended.
 *
 * @throws {UsageError} on Windows, where there is no vLLM and groups of processes are ended otherwise.
 */
export async function requireProcesses(
  recipe: string,
  files: FileSystem,
  os: typeof Deno.build.os = Deno.build.os,
): Promise<void> {
  if (os === "windows") {
    throw new UsageError(
      `Cannot run ${recipe} on Windows: vLLM runs on Linux, also in WSL, and on Macs; ` +
        "record there, and use the tools (analyze, report, bundle, export) here",
    );
  }
  if (os !== "linux") return;
  for await (const _ of files.readDir("/proc")) break;
}

/** Flags with which a recipe plans: it can write nothing, start nothing and reach nobody. */
export const PLAN_FLAGS: readonly string[] = ["--allow-env", "--allow-read"];

/** The last part of a recipe's help. */
export function permissionHelp(recipe: string, os: typeof Deno.build.os): string {
  const file = `…/recipes/${recipe.replaceAll("-", "_")}.ts`;
  return `Run alone, from a folder or a URL:
  deno run ${permissionFlags(os).join(" ")} ${file}
  This is full trust, as --allow-run alone would be: what is started may do all that you may
  deno run ${PLAN_FLAGS.join(" ")} ${file} --dry-run
  This much is enough for a plan, and for --help`;
}
