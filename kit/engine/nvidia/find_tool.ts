/**
 * Where one of NVIDIA's profilers is.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { onPath } from "../python/python_of.ts";

/** A profiler. */
export interface FoundTool {
  path: string;
  /** As it tells it: `2025.3.1.0`. */
  version: string;
  /** Whether it was found on PATH or named; else it is where NVIDIA's packages put it. */
  named: boolean;
}

/** What is looked for, and what is said where it is missing. */
export interface ToolWish {
  /** Its name on PATH, and that of the option which names another. */
  program: string;
  /** Folders that hold a folder for each version, and where the program lies in that. */
  places: readonly (readonly [folder: string, inside: string])[];
  howToGet: string;
}

/** Every one of this machine outside PATH, the newest first. */
export async function installedTools(
  context: RunContext,
  { places }: ToolWish,
  root = "",
): Promise<string[]> {
  const found: { version: string; path: string }[] = [];
  for (const [folder, inside] of places) {
    try {
      for await (const { name } of context.files.readDir(root + folder)) {
        const path = `${root}${folder}/${name}/${inside}`;
        if (await onPath(context, path)) found.push({ version: name, path });
      }
    } catch {
      // Not installed there.
    }
  }
  const order = new Intl.Collator("en", { numeric: true });
  // A folder of the tool's own version says how new it is; that of a toolkit does not.
  const own = (version: string) => /^\d/.test(version) ? 1 : 0;
  return found.sort((a, b) =>
    own(b.version) - own(a.version) || order.compare(b.version, a.version)
  ).map(({ path }) => path);
}

/**
 * The one to use.
 *
 * @param named What the person named.
 * @throws {UsageError} when there is none, or it cannot be run.
 */
export async function findTool(
  context: RunContext,
  subject: string,
  wish: ToolWish,
  named: string | undefined,
): Promise<FoundTool> {
  const { program, howToGet } = wish;
  const own = await onPath(context, named ?? program);
  if (named !== undefined && own === undefined) {
    throw new UsageError(
      `Cannot run ${subject}: --${program} is "${named}", and there is no such program; correct it`,
    );
  }
  const path = own ?? (await installedTools(context, wish))[0];
  if (path === undefined) {
    throw new UsageError(`Cannot run ${subject}: there is no ${program} on PATH; ${howToGet}`);
  }
  const { code, stdout, stderr } = await context.processes
    .capture([path, "--version"], { timeoutMs: 60_000 })
    .catch((error) => ({ code: 1, stdout: "", stderr: String(error) }));
  const version = /version (\d[\w.]*)/i.exec(stdout)?.[1];
  if (code !== 0 || version === undefined) {
    throw new UsageError(
      `Cannot run ${subject}: "${path} --version" ended with exit code ${code} ` +
        `(${(stderr || stdout).trim().split("\n").at(-1) || "it said nothing"}); ${howToGet}`,
    );
  }
  return { path, version, named: own !== undefined };
}
