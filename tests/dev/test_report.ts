/**
 * What a run of `deno test` found, read from its JUnit report.
 *
 * @module
 */

import { run, type RunOptions } from "./run.ts";

/** How a test ended, or a step of one, which a report lists as `TEST > STEP`. */
export interface TestResult {
  /** Its file, from the checkout; empty where a run of several ended and told of none. */
  file: string;
  name: string;
  outcome: "passed" | "failed" | "skipped";
  /** Why it failed: lines, each with its newline before it. */
  why: string;
}

/** Runs `deno test` on types that were checked before. */
export async function runTests(
  paths: readonly string[],
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<TestResult[]> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const command = ["test", "-A", "--no-check", `--junit-path=${report}`, ...args, ...paths];
    const code = await run(command, options);
    const results = readReport(await Deno.readTextFile(report));
    // A file that cannot be loaded, or a Deno that is killed, fails without a test case.
    if (code !== 0 && results.every(({ outcome }) => outcome !== "failed")) {
      const name = `deno test ended with exit code ${code}`;
      const file = paths.length === 1 ? paths[0]! : "";
      results.push({ file, name, outcome: "failed", why: "" });
    }
    return results;
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
export function readReport(xml: string): TestResult[] {
  const cases =
    /<testcase name="([^"]*)"(?: classname="([^"]*)")?[^>]*?(\/>|>([\s\S]*?)<\/testcase>)/g;
  return [...xml.matchAll(cases)].map(([, name = "", file = "", , body = ""]) => {
    const failed = /<(failure|error)/.test(body);
    return {
      file: plain(file).replace(/^\.\//, ""),
      name: plain(name),
      outcome: failed ? "failed" : /<skipped/.test(body) ? "skipped" : "passed",
      why: failed ? reason(body) : "",
    };
  });
}
