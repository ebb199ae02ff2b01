/**
 * `./dev bench [NAME…]`: runs the benchmarks of tests/bench and prints Markdown for
 * docs/benchmarks.md.
 *
 * @module
 */

import { ROOT, run, say } from "./run.ts";

/** Runs them one after the other. */
export async function bench(names: string[]): Promise<number> {
  const cpu = /^model name\s*:\s*(.+)$/m.exec(
    await Deno.readTextFile("/proc/cpuinfo").catch(() => ""),
  )?.[1];
  await say(
    `Machine: ${navigator.hardwareConcurrency} cores, ${
      cpu ?? Deno.build.arch
    }, ${Deno.osRelease()}`,
  );
  for await (const entry of Deno.readDir(`${ROOT}/tests/bench`)) {
    const name = entry.name.replace(/\.ts$/, "");
    if (!entry.name.endsWith(".ts") || (names.length > 0 && !names.includes(name))) continue;
    await say(`\n## ${name}\n`);
    const code = await run(["run", "-A", "--quiet", `tests/bench/${entry.name}`]);
    if (code !== 0) return code;
  }
  return 0;
}
