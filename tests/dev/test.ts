/**
 * `./dev test [--long] [FOLDER…]`: unit tests first, then those with real engines, and with --long
 * those of tests/long where there are any; the last line counts all of them.
 *
 * @module
 */

import { getTools } from "./test_tools.ts";
import { ROOT, run, say } from "./run.ts";

interface Counts {
  passed: number;
  failed: number;
  skipped: string[];
}

/** Runs the tests. */
export async function test(args: string[]): Promise<number> {
  const folders = args.filter((arg) => !arg.startsWith("--")).map((arg) => arg.replace(/\/+$/, ""));
  const long = args.includes("--long");
  await getTools();
  const parts = folders.length > 0 ? folders : [
    ...await unitFolders(),
    "tests/e2e",
    ...(long && await exists(`${ROOT}/tests/long`) ? ["tests/long"] : []),
  ];
  const total: Counts = { passed: 0, failed: 0, skipped: [] };
  // Unit tests in one run, because each run type-checks; engines in another.
  const groups = [parts.filter((part) => !isHeavy(part)), parts.filter(isHeavy)];
  for (const group of groups.filter((group) => group.length > 0)) {
    await say(`\n== ${group.join(" ")}`);
    const counts = await runGroup(group);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped.push(...counts.skipped);
  }
  for (const name of total.skipped) await say(`skipped: ${name}`);
  const skipped = total.skipped.length > 0 ? `, ${total.skipped.length} skipped` : "";
  await say(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function isHeavy(folder: string): boolean {
  return folder.startsWith("tests/e2e") || folder.startsWith("tests/long");
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

async function runGroup(paths: string[]): Promise<Counts> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const code = await run(["test", "-A", `--junit-path=${report}`, ...paths]);
    const counts = readReport(await Deno.readTextFile(report));
    // A file that cannot be loaded fails without a test case.
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } finally {
    await Deno.remove(report);
  }
}

/** Test cases of a JUnit report; steps are not counted. */
function readReport(xml: string): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: [] };
  for (
    const match of xml.matchAll(/<testcase name="([^"]*)"[^>]*?(\/>|>([\s\S]*?)<\/testcase>)/g)
  ) {
    const body = match[3] ?? "";
    if (/<(failure|error)/.test(body)) counts.failed++;
    else if (/<skipped/.test(body)) counts.skipped.push(match[1]!);
    else counts.passed++;
  }
  return counts;
}
