/**
 * What a forward pass of a sweep costs outside the model, on the real CPU vLLM: building the batch,
 * vLLM's own preparations, sampling.
 *
 * One layer of the tiny model, three timed passes and one to warm up per shot. `$HOOKS`: another
 * checkout's `hooks` folder, to compare with. `deno run -A tests/bench/sweep.ts`
 *
 * @module
 */

import { ROOT, say } from "../dev/run.ts";
import { engine, OFFLINE_ENV } from "../e2e/engine.ts";

const { python, model } = await engine();
const folder = await Deno.makeTempDir({ prefix: "vscope-bench-" });
const config = JSON.parse(await Deno.readTextFile(`${model}/config.json`));
const long = { num_hidden_layers: 1, max_position_embeddings: 20480 };
await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify({ ...config, ...long }));
const hooks = Deno.env.get("HOOKS") ?? `${ROOT}/hooks`;
const { code, stdout, stderr } = await new Deno.Command(python, {
  args: [`${ROOT}/tests/bench/sweep/outside.py`, folder],
  env: {
    ...OFFLINE_ENV,
    PYTHONPATH: `${hooks}:${ROOT}/tests/bench/sweep`,
    VLLM_ENABLE_PROFILING: "0",
  },
}).output();
await Deno.remove(folder, { recursive: true });
const found = /^FOUND (.*)$/m.exec(new TextDecoder().decode(stdout))?.[1];
if (code !== 0 || found === undefined) {
  throw new Error(new TextDecoder().decode(stderr).slice(-4000));
}
await say("| shots | a pass, ms | in the model | outside |\n|---|---|---|---|");
for (const [name, times] of Object.entries(JSON.parse(found) as Record<string, number[]>)) {
  await say(`| ${name} | ${times.map((time) => time.toFixed(2)).join(" | ")} |`);
}
