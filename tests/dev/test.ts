/**
 * `./dev test [--long] [--jobs N] [PATH…]`: unit tests first, then those with real engines, and with
 * --long those of tests/long where there are any; the last line counts all of them. A few files that
 * failed are run once more, alone.
 *
 * @module
 */

import { ownPython } from "../own_python.ts";
import { getTools } from "./test_tools.ts";
import { ROOT, run, say } from "./run.ts";
import { jobsHere, runPool } from "./test_pool.ts";
import { afterSecondRun, filesAgain } from "./second_run.ts";
import { inModules } from "./test_modules.ts";
import { runTests, type TestResult } from "./test_report.ts";

/** What has the examples that tests/api_test.ts runs. */
const WITH_EXAMPLES = ["mod.ts", "recipes", "kit", "docs/api.md"];

/** Runs the tests. */
export async function test(args: string[]): Promise<number> {
  const { long, jobs, paths } = readArguments(args);
  if (!Number.isInteger(jobs) || jobs < 1) {
    await say("Usage: ./dev test [--long] [--jobs N] [PATH…], N from 1");
    return 2;
  }
  for (const path of paths) {
    if (await Deno.stat(`${ROOT}/${path}`).then(() => false, () => true)) {
      await say(`Cannot run the tests of "${path}": there is no such file or folder`);
      return 2;
    }
  }
  await getTools();
  await pythonItselfFirst();
  // More cases of properties (tests/deps.ts).
  if (long) Deno.env.set("VSCOPE_TEST_LONG", "1");
  const parts = paths.length > 0
    ? paths
    : [...await unitFolders(), "tests/e2e", ...long ? ["tests/long"] : []];
  const files = (await Promise.all(parts.map(testFiles))).flat();
  // Types are checked once, those of examples too, and not again by each run.
  const examples = files.includes("tests/api_test.ts") ? ["--doc", ...WITH_EXAMPLES] : [];
  const checked = await run(["check", "--quiet", ...files, ...examples]);
  if (checked !== 0) {
    await say("\n0 passed, 1 failed: the types do not fit");
    return 1;
  }
  const first: TestResult[] = [];
  const unit = files.filter((file) => !isHeavy(file));
  if (unit.length > 0) {
    await say(`\n== ${unit.length} files of unit tests, ${jobs} at a time`);
    // Some of them wait for processes more than they compute.
    const atOnce = jobs > 1 ? jobs + 1 : 1;
    const options = { env: { DENO_JOBS: String(atOnce) } };
    first.push(
      ...await inModules(
        unit,
        atOnce,
        (modules) => runTests(modules, jobs > 1 ? ["--parallel"] : [], options),
      ),
    );
  }
  for (const folder of ["tests/e2e", "tests/long"]) {
    const heavy = files.filter((file) => file.startsWith(folder));
    if (heavy.length === 0) continue;
    // Long tests measure: nothing else may run.
    const atOnce = folder === "tests/long" ? 1 : Math.min(jobs, heavy.length);
    await say(`\n== ${heavy.length} files of ${folder}, ${atOnce} at a time`);
    first.push(...await runPool(heavy, atOnce));
  }
  const again = filesAgain(first);
  if (again.length > 0) await say(`\n== once more, alone: ${again.join(", ")}`);
  const { results, unsteady } = afterSecondRun(first, await runPool(again, 1));
  await say("");
  return await sayOutcome(results, unsteady);
}

/** Names what did not pass, and counts; gives the exit code. */
async function sayOutcome(results: TestResult[], unsteady: TestResult[]): Promise<number> {
  const of = (wanted: TestResult["outcome"]) => results.filter(({ outcome }) => outcome === wanted);
  const [passed, failed, skipped] = [of("passed"), of("failed"), of("skipped")];
  for (const { name } of skipped) await say(`skipped: ${name}`);
  for (const { file, name, why } of unsteady) {
    await say(`unsteady, passed when it was run again alone: ${file}: ${name}${why}`);
  }
  for (const { file, name, why } of failed) await say(`failed: ${file}: ${name}${why}`);
  const left = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
  await say(`${passed.length} passed, ${failed.length} failed${left}`);
  return failed.length === 0 && passed.length > 0 ? 0 : 1;
}

/**
 * Puts the interpreter behind `python3` ahead of PATH: a version manager's stand-in for it takes some
 * forty shell processes each time, and the tests start Python hundreds of times.
 */
async function pythonItselfFirst(): Promise<void> {
  const python = await ownPython().catch(() => "");
  if (!python.startsWith("/")) return;
  Deno.env.set("PATH", `${python.slice(0, python.lastIndexOf("/"))}:${Deno.env.get("PATH")}`);
}

function readArguments(args: string[]): { long: boolean; jobs: number; paths: string[] } {
  const at = args.indexOf("--jobs");
  const rest = args.filter((_, n) => at < 0 || (n !== at && n !== at + 1));
  return {
    long: rest.includes("--long"),
    jobs: at < 0 ? jobsHere() : Number(args[at + 1]),
    paths: rest.filter((arg) => !arg.startsWith("--")).map((arg) => arg.replace(/^\.\/|\/+$/g, "")),
  };
}

function isHeavy(path: string): boolean {
  return /^tests\/(e2e|long)(\/|$)/.test(path);
}

/** The test files at or below a path, sorted. */
async function testFiles(path: string): Promise<string[]> {
  if ((await Deno.stat(`${ROOT}/${path}`)).isFile) return [path];
  const found: string[] = [];
  for await (const { name, isFile, isDirectory } of Deno.readDir(`${ROOT}/${path}`)) {
    if (isDirectory) found.push(...await testFiles(`${path}/${name}`));
    if (isFile && name.endsWith("_test.ts")) found.push(`${path}/${name}`);
  }
  return found.sort();
}

async function unitFolders(): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(`${ROOT}/tests`)) {
    const path = `tests/${entry.name}`;
    if (entry.isFile && entry.name.endsWith("_test.ts")) found.push(path);
    if (entry.isDirectory && !isHeavy(path) && !["dev", "bench"].includes(entry.name)) {
      found.push(path);
    }
  }
  return found.sort();
}
