/**
 * `./dev build --target SYSTEM`: the file of a release, made by `deno compile` from the code that
 * the self-unpacking file runs too. The runtime part, denort, is downloaded by Deno, or named with
 * DENORT_BIN.
 *
 * @module
 */

import { build } from "./build.ts";
import { ROOT, say } from "./run.ts";
import { makeStage, writeParts } from "./stage.ts";
import { compileArguments, fileOf, type Target, targetHere } from "./targets.ts";

/** What became of a target. */
export type Compiled = "compiled" | "no runtime part" | "failed";

/** Compiles a target into a file. */
export async function compile(target: Target, output: string): Promise<Compiled> {
  const stage = `${output}.stage`;
  try {
    return await stageToCompile(stage) ? await compileStage(target, stage, output) : "failed";
  } finally {
    await Deno.remove(stage, { recursive: true }).catch(() => {});
  }
}

/** Puts everything but the runtime part into a folder; false where that failed. */
export async function stageToCompile(stage: string): Promise<boolean> {
  if (await makeStage(stage) !== 0) return false;
  await writeParts(stage, "one file, compiled");
  return true;
}

/** Compiles what was staged; what Deno says against it is printed. `env` is added to ours. */
export async function compileStage(
  target: Target,
  stage: string,
  output: string,
  env: Record<string, string> = {},
): Promise<Compiled> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: compileArguments(target, stage, output),
    cwd: ROOT,
    env,
    stdout: "inherit",
  }).output();
  if (code === 0) return "compiled";
  const said = new TextDecoder().decode(stderr);
  // The one step that needs a network.
  if (/Setting up base binary/.test(said)) return "no runtime part";
  await say(said.trimEnd());
  return "failed";
}

/**
 * Builds a target into `dist`. Where the runtime part cannot be had, the system at hand gets the file
 * that unpacks itself, which says so with `--version`; another one cannot be built. Returns the exit
 * code.
 */
export async function buildTarget(target: Target, dist = `${ROOT}/dist`): Promise<number> {
  await Deno.mkdir(dist, { recursive: true });
  const output = `${dist}/${fileOf(target)}`;
  const became = await compile(target, output);
  if (became === "failed") return 1;
  if (became === "compiled") {
    await say(`${output}: ${((await Deno.stat(output)).size / 1e6).toFixed(1)} MB`);
    return 0;
  }
  if (targetHere() !== target || target.os === "windows") {
    await say(
      `Cannot build for ${target.name}: the runtime part of \`deno compile\` (denort ` +
        `${Deno.version.deno}) cannot be downloaded; name one with DENORT_BIN`,
    );
    return 1;
  }
  await say("denort cannot be downloaded: building the file that unpacks itself");
  const code = await build(`${output}.parts`);
  if (code !== 0) return code;
  await Deno.rename(`${output}.parts/vscope`, output);
  await Deno.remove(`${output}.parts`, { recursive: true });
  return 0;
}
