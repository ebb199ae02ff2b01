/** A Python that runs notebooks, made once in the user's cache. */

import { isThere } from "../../kit/contract/is_there.ts";
import { cacheFolder } from "../../kit/engine/private/cache.ts";
import { engine } from "../e2e/engine.ts";

/** Exact versions, so that a release of today does not fail a test of yesterday. */
const PACKAGES = ["pandas==3.1.1", "matplotlib==3.11.2", "nbclient==0.11.0", "ipykernel==7.4.0"];

async function run(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null" }).output();
  if (success) return;
  throw new Error(
    `Cannot make a Python for notebooks: ${program} ${args.join(" ")} failed: ` +
      new TextDecoder().decode(stderr).slice(-2000),
  );
}

/** Path of its interpreter; made with the private engine's Python, and PyPI, the first time. */
export async function notebookPython(): Promise<string> {
  const home = `${cacheFolder(Deno.env.toObject())}/notebook-test-1`;
  const complete = `${home}/complete`;
  if (await isThere(Deno, complete)) return `${home}/bin/python`;
  await run((await engine()).python, ["-m", "venv", "--clear", home]);
  await run(`${home}/bin/python`, ["-m", "pip", "install", "--quiet", ...PACKAGES]);
  await Deno.writeTextFile(complete, `${PACKAGES.join("\n")}\n`);
  return `${home}/bin/python`;
}
