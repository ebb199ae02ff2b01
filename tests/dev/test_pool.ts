/**
 * Files with real engines: several at a time, each in a process of its own, the longest first.
 *
 * @module
 */

import { availableParallelism, totalmem } from "node:os";
import { say, write } from "./run.ts";
import { runTests, type TestResult } from "./test_report.ts";
import { readSeconds, writeSeconds } from "./test_seconds.ts";

/** Memory that an engine and its test may take, in bytes. */
const FILE_BYTES = 6e9;

/** More than this gains little: the longest file takes as long as it takes. */
const MOST_JOBS = 4;

/** How many files run at a time on this machine. */
export function jobsHere(): number {
  const fit = Math.min(availableParallelism(), Math.floor(totalmem() / FILE_BYTES), MOST_JOBS);
  return Math.max(1, fit);
}

/** A short file that takes minutes, with a cluster that loses a node: at the end all would wait for it. */
const LONG_IN_TIME = "tests/e2e/fleet_node_test.ts";

/** The longest first, by what they took last time; before those, new ones, by their length. */
async function longestFirst(files: readonly string[]): Promise<string[]> {
  const known = await readSeconds();
  const sizes = new Map<string, number>();
  for (const file of files) sizes.set(file, (await Deno.stat(file)).size);
  const length = (file: string) => file === LONG_IN_TIME ? 1e6 : sizes.get(file)!;
  const rank = (file: string) => known[file] ?? 1e6 + length(file);
  return files.toSorted((a, b) => rank(b) - rank(a));
}

/** CPUs that we may use, where the system tells. */
async function ownCpus(): Promise<number[]> {
  const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "";
  return list.split(",").filter(Boolean).flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, n) => first + n);
  });
}

/** Files whose tests start stand-ins for engines: they wait more than they compute. */
const WAITING = "tests/e2e/stand_ins/";

/**
 * Runs test files, so many with real engines at a time. Where that is more than one, those that wait have a
 * place of their own beside them.
 */
export async function runPool(files: readonly string[], jobs: number): Promise<TestResult[]> {
  const sorted = await longestFirst(files);
  const waiting = sorted.filter((file) => file.startsWith(WAITING));
  const computing = sorted.filter((file) => !file.startsWith(WAITING));
  const cpus = await ownCpus();
  const results: TestResult[] = [];

  const runFile = async (file: string, env: Record<string, string>) => {
    await say(`-- ${file} begins`);
    const start = performance.now();
    const print = async (output: Uint8Array) => {
      const took = Math.round((performance.now() - start) / 1000);
      await say(`\n-- ${file} took ${took} s:`);
      await write(output);
    };
    const found = await runTests([file], [], jobs === 1 ? { env } : { env, print });
    results.push(...found);
    const seconds = (performance.now() - start) / 1000;
    if (found.every(({ outcome }) => outcome !== "failed")) await writeSeconds({ [file]: seconds });
  };
  const work = async (next: () => string | undefined, cpu?: number) => {
    // vLLM would bind the workers of all engines to the same core.
    const env = cpu === undefined ? {} : { VLLM_CPU_OMP_THREADS_BIND: String(cpu) };
    for (let file; (file = next());) await runFile(file, env);
  };
  const longest = () => computing.shift() ?? waiting.shift();
  await Promise.all([
    ...Array.from(
      { length: Math.min(jobs, files.length) },
      (_, slot) => work(longest, jobs > 1 ? cpus[slot] : undefined),
    ),
    ...jobs > 1 ? [work(() => waiting.shift())] : [],
  ]);
  return results;
}
