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
import { engine } from "../e2e/engine.ts";
import { foundBy } from "../e2e/found_by.ts";

const { model } = await engine();
const folder = await Deno.makeTempDir({ prefix: "vscope-bench-" });
const config = JSON.parse(await Deno.readTextFile(`${model}/config.json`));
const long = { num_hidden_layers: 1, max_position_embeddings: 20480 };
await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify({ ...config, ...long }));
const found: Record<string, number[]> = await foundBy(
  `${ROOT}/tests/bench/sweep/outside.py`,
  [folder],
  Deno.env.get("HOOKS"),
);
await Deno.remove(folder, { recursive: true });
await say("| shots | a pass, ms | in the model | outside |\n|---|---|---|---|");
for (const [name, times] of Object.entries(found)) {
  await say(`| ${name} | ${times.map((time) => time.toFixed(2)).join(" | ")} |`);
}
