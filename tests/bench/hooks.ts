/**
 * What the session's hooks take of a step, in microseconds, on a stand-in for vLLM: an engine in one
 * process with 128 decodes whose model is nothing (hooks/fake_engine.py).
 *
 * On the engine's thread: what calls take outside of the methods that they are of, less the same without
 * wrappers, in turn; the methods use the processor's caches as an engine does. On the writer's: its work
 * per step, without that of the process which makes text of rows. `wrappers` have all profilers muted,
 * `needed` are those that the others need, and a profiler's figures are what it adds to these.
 * `./dev bench hooks`; ROUNDS and STEPS change how long it takes. Needs Python 3.9 or later.
 *
 * @module
 */

import { ROOT, say } from "../dev/run.ts";

const rounds = Deno.env.get("ROUNDS") ?? "12";
/** As many as in a quarter of a second on a GPU: that is when rows are written. */
const steps = Deno.env.get("STEPS") ?? "48";
const folder = await Deno.makeTempDir({ prefix: "vscope-bench-" });

try {
  const { code, stdout, stderr } = await new Deno.Command("python3", {
    args: [`${ROOT}/tests/bench/hooks/step_cost.py`, rounds, steps],
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "",
      PYTHONDONTWRITEBYTECODE: "1",
      PYTHONPATH: `${ROOT}/hooks`,
      VLLM_PROFILING_DIR: folder,
    },
  }).output();
  const text = new TextDecoder();
  if (code !== 0) throw new Error(text.decode(stderr));
  const { found, failed, dropped } = JSON.parse(text.decode(stdout));
  const lost = Object.entries(dropped).filter(([, rows]) => rows !== 0);
  if (failed.length > 0 || lost.length > 0) throw new Error(JSON.stringify({ failed, lost }));
  await say("| profilers | µs a step, engine's thread | µs a step, writer | ms a flush |");
  await say("|---|---|---|---|");
  for (const [name, figures] of Object.entries(found as Record<string, number[]>)) {
    const base = ["all", "wrappers", "needed"].includes(name) ? [0, 0, 0] : found.needed;
    const [thread, writer, flush] = figures.map((figure, n) => (figure - base[n]).toFixed(2));
    await say(`| ${name} | ${thread} | ${writer} | ${flush} |`);
  }
  await say(`\nLower quartiles of ${rounds} rounds of ${steps} steps`);
} finally {
  await Deno.remove(folder, { recursive: true });
}
