/**
 * What a run of `deno test` found, read from its JUnit report.
 *
 * @module
 */

import { run, type RunOptions } from "./run.ts";

/** Counts of tests and of their steps, which a report lists as `TEST > STEP`. */
export interface Counts {
  passed: number;
  /** Those that failed, as `FILE: NAME`, and why in lines below. */
  failed: string[];
  /** Those that were left out, by name. */
  skipped: string[];
}

/** Sums counts. */
export function sumOf(all: readonly Counts[]): Counts {
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failed: all.flatMap(({ failed }) => failed),
    skipped: all.flatMap(({ skipped }) => skipped),
  };
}

/** Runs `deno test` on types that were checked before. */
export async function runTests(
  paths: readonly string[],
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Counts> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const command = ["test", "-A", "--no-check", `--junit-path=${report}`, ...args, ...paths];
    const code = await run(command, options);
    const counts = readReport(await Deno.readTextFile(report));
    // A file that cannot be loaded, or a Deno that is killed, fails without a test case.
    if (code !== 0 && counts.failed.length === 0) {
      counts.failed.push(`${paths.join(" ")}: deno test ended with exit code ${code}`);
    }
    return counts;
  } finally {
    await Deno.remove(report);
  }
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

const plain = (text: string) =>
  text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name]!);

/** So much of a failure's text says what was wrong; a whole one is above, in the output of its file. */
const REASON_LINES = 12;

function reason(body: string): string {
  const [, message = ""] = /message="([^"]*)"/.exec(body) ?? [];
  const lines = plain(message).trim().split("\n").slice(0, REASON_LINES);
  return lines.map((line) => `\n    ${line.slice(0, 300)}`).join("");
}

/** Test cases of a JUnit report. */
export function readReport(xml: string): Counts {
  const counts: Counts = { passed: 0, failed: [], skipped: [] };
  const cases =
    /<testcase name="([^"]*)"(?: classname="([^"]*)")?[^>]*?(\/>|>([\s\S]*?)<\/testcase>)/g;
  for (const [, name = "", file = "", , body = ""] of xml.matchAll(cases)) {
    if (/<(failure|error)/.test(body)) {
      counts.failed.push(`${plain(file).replace(/^\.\//, "")}: ${plain(name)}${reason(body)}`);
    } else if (/<skipped/.test(body)) counts.skipped.push(plain(name));
    else counts.passed++;
  }
  return counts;
}
