/**
 * The second run of what failed: alone, on a machine that does nothing else.
 *
 * A test of processes that share two CPUs with other tests may fail for the machine's sake. One that
 * passes by itself is not counted as failed, and is named as unsteady, with why it failed: it is to be
 * mended, and until it is, it does not hide what the other tests say.
 *
 * @module
 */

import type { TestResult } from "./test_report.ts";

/** More files than these do not fail for the machine's sake. */
const MOST_FILES = 3;

/** The files that are run again; none where nothing failed, or too much. */
export function filesAgain(first: readonly TestResult[]): string[] {
  const failed = first.filter(({ outcome }) => outcome === "failed");
  const files = [...new Set(failed.map(({ file }) => file))];
  return files.length <= MOST_FILES && !files.includes("") ? files : [];
}

/** What counts after the second run, and what failed in the first alone. */
export function afterSecondRun(
  first: readonly TestResult[],
  second: readonly TestResult[],
): { results: TestResult[]; unsteady: TestResult[] } {
  const again = new Set(second.map(({ file }) => file));
  const failed = ({ outcome }: TestResult) => outcome === "failed";
  const isAgain = (result: TestResult) =>
    second.some((one) => failed(one) && one.file === result.file && one.name === result.name);
  return {
    results: [...first.filter(({ file }) => !again.has(file)), ...second],
    unsteady: first.filter((result) =>
      failed(result) && again.has(result.file) && !isAgain(result)
    ),
  };
}
