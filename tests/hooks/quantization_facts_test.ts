import assert from "node:assert/strict";
import { python } from "./python.ts";

/** What the hooks record of a checkpoint's quantization_config. */
async function recorded(config: string, given = "None"): Promise<unknown> {
  const ran = await python(`
import json
from types import SimpleNamespace
from vscope_hooks.quantization_facts import quantization_of
found = ${config}
checkpoint = SimpleNamespace(quantization_config=found)
model = SimpleNamespace(hf_config=checkpoint, hf_text_config=None, quantization_config=${given})
print(json.dumps(quantization_of(model)))`);
  assert.equal(ran.stderr, "");
  return JSON.parse(ran.stdout);
}

Deno.test("bits, exceptions and schemes of a checkpoint are recorded, and nothing else", async () => {
  const names = '["lm_head"] + ["model.layers.%d.mlp.gate" % n for n in range(48)]';
  assert.deepEqual(
    await recorded(
      `{"quant_method": "awq", "bits": 4, "version": "gemm", "modules_to_not_convert": ${names}}`,
    ),
    { quant_method: "awq", bits: 4, kept_modules: ["gate", "lm_head"] },
  );
  assert.deepEqual(
    await recorded(`{"quant_method": "compressed-tensors", "ignore": ["lm_head", "re:.*mlp.gate$"],
      "kv_cache_scheme": {"num_bits": 8}, "config_groups": {"group_0": {"targets": ["Linear"],
      "weights": {"num_bits": 8, "type": "float", "strategy": "channel"},
      "input_activations": {"num_bits": 8, "type": "float", "dynamic": True}}}}`),
    {
      quant_method: "compressed-tensors",
      kv_cache_scheme: true,
      kept_modules: ["gate$", "lm_head"],
      groups: [{
        targets: ["Linear"],
        weight_bits: 8,
        weight_type: "float",
        activation_bits: 8,
        activation_type: "float",
      }],
    },
  );
  assert.deepEqual(
    await recorded('{"quant_method": "gptq", "bits": 4, "dynamic": {"-:x": {}}, "lm_head": False}'),
    { quant_method: "gptq", bits: 4, lm_head: false, dynamic: true },
  );
});

Deno.test("layers that whoever started vLLM treats otherwise are recorded as such", async () => {
  const given = (ignore: string) => `SimpleNamespace(ignore=${ignore}, targets=None)`;
  assert.deepEqual(await recorded("None", given('["re:.*o_proj"]')), { changed_by_user: true });
  assert.equal(await recorded("None", given("[]")), null);
  assert.deepEqual(await recorded('{"bits": 4}', given("[]")), { bits: 4, changed_by_user: true });
});

Deno.test("a checkpoint that says nothing, or nothing of use, is no error", async () => {
  assert.equal(await recorded("None"), null);
  assert.deepEqual(
    await recorded('{"bits": None, "ignore": 3, "config_groups": {"group_0": None}}'),
    { groups: [{ targets: [] }] },
  );
});
