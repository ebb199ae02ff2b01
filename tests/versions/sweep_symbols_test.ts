/** What a sweep needs of vLLM's model runners, looked for in the sources that `./dev versions` has fetched. */

import assert from "node:assert/strict";
import { cacheFolder } from "../../kit/engine/private/cache.ts";
import { acceptedTypes } from "../../kit/engine/sweep/accepted_types.ts";
import { python } from "../hooks/python.ts";

const WHEELS = `${cacheFolder(Deno.env.toObject())}/wheels`;

/** The oldest minor version that a sweep is meant for; runners before it have no `sample_tokens`. */
const OLDEST = 17;

/** Folders of unpacked vLLMs; none where nothing was fetched yet. */
function unpacked(): string[] {
  try {
    return [...Deno.readDirSync(WHEELS)].map(({ name }) => name)
      .filter((name) => Number(/^vllm-0\.(\d+)\./.exec(name)?.[1]) >= OLDEST).sort();
  } catch {
    return [];
  }
}

/** Whether a class of this text has a method of this name, or gives itself an attribute. */
const has = (text: string, name: string) =>
  new RegExp(`^\\s+def ${name}\\(|self\\.${name}(?::[^=\\n]+)? = `, "m").test(text);

const found = unpacked();

Deno.test({
  name: "both model runners of every vLLM that was fetched have what a sweep needs",
  ignore: found.length === 0,
  async fn() {
    const { stdout, stderr } = await python(`
import json
from vscope_sweep.runners import NEEDED, V2_SIDES, V2_STATES
print(json.dumps([NEEDED, V2_STATES, V2_SIDES]))
`);
    const [needed, states, sides] = JSON.parse(stdout || stderr);
    for (const name of found) {
      const worker = `${WHEELS}/${name}/vllm/v1/worker`;
      const read = (path: string) => Deno.readTextFile(`${worker}/${path}`);
      const lacking = (text: string, names: string[]) => names.filter((one) => !has(text, one));
      for (const runner of ["gpu_model_runner.py", "gpu/model_runner.py"]) {
        const text = await read(runner);
        assert.deepEqual(lacking(text, [...needed, "get_model"]), [], `${name} ${runner}`);
      }
      assert.deepEqual(lacking(await read("gpu/states.py"), states), [], name);
      assert.ok(has(await read("gpu/model_runner.py"), "req_states"), name);
      assert.ok(!(await read("gpu_model_runner.py")).includes("self.req_states"), name);
      const buffers = await read("gpu/buffer_utils.py");
      for (const side of new Set(Object.values(sides) as string[])) {
        assert.ok(has(buffers, side), `${name} ${side}`);
      }
      // What a request of the V1 runner has sampled is forgotten when a message says so.
      assert.match(await read("gpu_model_runner.py"), /num_output_tokens < len\(/, name);
      const types = await acceptedTypes(Deno, `${WHEELS}/${name}/vllm/__init__.py`);
      assert.ok(types.dtype?.includes("bfloat16"), name);
      assert.ok(types.kvCacheDtype?.includes("fp8"), name);
      assert.ok(types.quantization?.includes("fp8"), name);
    }
  },
});
