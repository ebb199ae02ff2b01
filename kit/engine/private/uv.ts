/**
 * uv, which installs the private vLLM: the user's, or one of ours.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import { verified } from "../../contract/verified_text.ts";
import { askPython } from "../python/ask_python.ts";
import { onPath } from "../python/python_of.ts";
import { cacheFolder } from "./cache.ts";
import fetchSource from "./fetch_program.py" with { type: "text" };
import { installStep } from "./install_step.ts";
import uvRequirements from "./uv_requirements.txt" with { type: "text" };

/**
 * The path of uv; where there is none it is fetched into the cache, by pip or, where Python has no pip,
 * by a script of ours. Needs permission to run programs, and PyPI.
 *
 * @throws {RunError} when it cannot be had.
 */
export async function findUv(context: RunContext): Promise<string> {
  const installed = await onPath(context, "uv");
  if (installed) return installed;
  const home = `${cacheFolder(context.env)}/uv`;
  const uv = `${home}/bin/uv`;
  if (await onPath(context, uv)) return uv;
  const python = await onPath(context, "python3");
  if (!python) {
    throw new RunError(
      "Cannot make a private vLLM: neither uv nor python3 is on PATH; install one, " +
        "or name a Python that has vLLM with --python",
    );
  }
  const list = `${home}/requirements.txt`;
  await context.files.mkdir(home, { recursive: true });
  await context.files.writeTextFile(
    list,
    verified("kit/engine/private/uv_requirements.txt", uvRequirements),
  );
  const { code } = await context.processes.capture([python, "-m", "pip", "--version"]);
  if (code !== 0) return await withoutPip(context, python, [list, home]);
  await installStep(context, "Fetching uv", [
    python,
    ...["-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--upgrade"],
    ...["--target", home, "-r", list],
  ], `${home}.log`);
  return uv;
}

async function withoutPip(
  context: RunContext,
  python: string,
  args: readonly string[],
): Promise<string> {
  context.output.progress("Fetching uv");
  const path = "kit/engine/private/fetch_program.py";
  const found = await askPython(context, python, path, fetchSource, args) as
    | { path?: string; error?: string }
    | undefined;
  if (found?.path) return found.path;
  throw new RunError(
    `Cannot fetch uv: ${
      found?.error ?? "Python gave no answer"
    }; install uv, or name a Python that ` +
      "has vLLM with --python",
  );
}
