/**
 * Profilers of the user's own: their files are looked at before vLLM starts, and kept in the bundle.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { RunContext } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { SESSION_PROFILERS } from "../../bundle/merge/hook_coverage.ts";
import { OWN_FOLDER } from "../../bundle/session/own_tables.ts";
import { SESSION_TABLES } from "../../bundle/session/session_tables.ts";
import { baseName } from "./python_of.ts";
import { PROFILER_NAMES } from "../session/session_options.ts";

/** The variable from which the hooks know the files. */
export const OWN_PROFILERS_VARIABLE = "VSCOPE_PROFILER";

/** What a look at the files found, as the hooks' `own_profilers.py` prints it. */
interface Found {
  error?: string;
  profilers?: { file: string; profiler: string; strange_modules: string[] }[];
}

/**
 * Makes sure that the files are there. Needs read permission.
 *
 * @param paths Absolute.
 * @throws {UsageError} for one that is missing, or a folder.
 */
export async function requireOwnProfilers(
  { files }: RunContext,
  paths: readonly string[],
): Promise<void> {
  for (const path of paths) {
    const found = await files.stat(path).catch(() => undefined);
    if (found?.isFile) continue;
    const name = baseName(path);
    throw new UsageError(
      `Cannot load the profiler "${path}": ${found ? "it is no file" : "there is no such file"}; ` +
        "give --profiler the Python file of one" +
        ((PROFILER_NAMES as string[]).includes(name)
          ? `; --profilers ${name} chooses vscope's`
          : ""),
    );
  }
}

/**
 * Loads the files with the Python that vLLM will run with, but without vLLM.
 *
 * @param hooks The folder of the hooks.
 * @param python Undefined where it cannot be told: then vLLM's processes find out.
 * @throws {UsageError} when one of them cannot be used, with what is wrong.
 */
export async function checkOwnProfilers(
  context: RunContext,
  paths: readonly string[],
  hooks: string,
  python: string | undefined,
): Promise<void> {
  if (python === undefined || paths.length === 0) return;
  let found: Found;
  try {
    const argv = [python, "-m", "vscope_hooks.own_profilers", ...paths];
    const PYTHONPATH = [hooks, context.env["PYTHONPATH"]].filter(Boolean).join(":");
    const { stdout, stderr } = await context.processes.capture(argv, {
      env: { PYTHONPATH, PYTHONDONTWRITEBYTECODE: "1", VLLM_ENABLE_PROFILING: "0" },
      inherit: true,
      timeoutMs: 60_000,
    });
    // The files may print ahead of it.
    const last = stdout.trim().split("\n").at(-1) ?? "";
    if (last === "") throw new Error(stderr.trim().split("\n").at(-1) || "no answer");
    found = JSON.parse(last);
  } catch (error) {
    context.output.warn(
      `The profilers of --profiler could not be looked at beforehand: ${messageOf(error)}`,
    );
    return;
  }
  if (found.error !== undefined) throw new UsageError(found.error);
  for (const { file, profiler, strange_modules: strange } of found.profilers ?? []) {
    if (Object.hasOwn(SESSION_TABLES, profiler) || Object.hasOwn(SESSION_PROFILERS, profiler)) {
      throw new UsageError(
        `Cannot use the profiler "${file}": vscope has a profiler or a table ${profiler} itself; ` +
          'give it another name, as name = "my_profiler"',
      );
    }
    for (const module of strange) {
      context.output.warn(`${profiler} watches ${module}, which the installed vLLM does not have`);
    }
  }
}

/** Keeps what ran: a copy of each file in the bundle. Needs write permission. */
export async function keepOwnProfilers(
  { files }: RunContext,
  paths: readonly string[],
  out: string,
): Promise<void> {
  const taken = new Set<string>();
  for (const path of paths) {
    const text = await files.readFile(path);
    let name = baseName(path);
    // Two files of one name: the second is told apart by its path.
    if (taken.has(name)) {
      const mark = createHash("sha256").update(path).digest("hex").slice(0, 8);
      name = `${name.replace(/\.py$/, "")}-${mark}.py`;
    }
    taken.add(name);
    await files.mkdir(`${out}/${OWN_FOLDER}`, { recursive: true });
    await files.writeFile(`${out}/${OWN_FOLDER}/${name}`, text);
  }
}
