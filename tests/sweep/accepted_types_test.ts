/** Types that a vLLM takes, read from its source, and what is refused before an engine is started. */

import assert from "node:assert/strict";
import { acceptedTypes, checkTypes, literal } from "../../kit/engine/sweep/accepted_types.ts";
import { typesOf } from "../../kit/sweep/model/dtypes.ts";
import { inFolder } from "../folders.ts";

const FACTS = { python: "3.12.0", executable: "python3", vllm: "0.17.0" };
const CACHE = `from typing import Literal

# CacheDType = Literal["none"]
CacheDType = Literal[
    "auto",
    "bfloat16",  # was "nothing"
    "fp8",
    'fp8_e5m2',
]
MambaDType = Literal["auto"]
`;

async function vllmWith(files: Record<string, string>, then: (location: string) => Promise<void>) {
  await inFolder(async (dir) => {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(`${dir}/vllm/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${dir}/vllm/${path}`, text);
    }
    await then(`${dir}/vllm/__init__.py`);
  });
}

Deno.test("the lists of a vLLM's source are read, comments are not", async () => {
  assert.deepEqual(literal(CACHE, "CacheDType"), ["auto", "bfloat16", "fp8", "fp8_e5m2"]);
  assert.deepEqual(literal(CACHE, "ModelDType"), []);
  assert.deepEqual(literal('A: TypeAlias = Literal["x"]', "A"), ["x"]);
  await vllmWith({ "config/cache.py": CACHE }, async (location) => {
    assert.deepEqual(await acceptedTypes(Deno, location), {
      kvCacheDtype: ["auto", "bfloat16", "fp8", "fp8_e5m2"],
    });
  });
  assert.deepEqual(await acceptedTypes(Deno, "/nowhere/vllm/__init__.py"), {});
});

Deno.test("a type that this vLLM does not take is refused, and one that it may take is not", () => {
  const accepted = { kvCacheDtype: ["auto", "fp8"], dtype: ["auto", "bfloat16"] };
  const check = (dtype: string | undefined, kv: string, has = {}) =>
    checkTypes(typesOf(dtype, kv, "bfloat16"), { ...accepted, ...has }, FACTS);
  check("bf16", "fp8");
  check(undefined, "auto");
  check("fp8", "fp8");
  check("fp8", "fp8", { quantization: ["awq", "fp8"] });
  assert.throws(
    () => check("bf16", "nvfp4"),
    /^UsageError: Cannot run sweep: vLLM 0\.17\.0 does not take the KV_CACHE_DTYPE "nvfp4"; it takes auto, fp8$/,
  );
  assert.throws(() => check("fp16", "auto"), /does not take the DTYPE "float16"; it takes auto/);
  assert.throws(
    () => check("fp8", "auto", { quantization: ["awq"] }),
    /DTYPE=fp8 means quantization "fp8", which vLLM 0\.17\.0 does not have; it takes awq/,
  );
});

Deno.test("fp8 means weights in fp8 beside bfloat16, and the variant is named after both", () => {
  const { variant, ...types } = typesOf("fp8", "fp8", "float16");
  assert.deepEqual(types, { dtype: "bfloat16", quantization: "fp8", kvCacheDtype: "fp8" });
  assert.deepEqual(
    [
      variant,
      ...[
        ["fp8", "auto"],
        ["bf16", "fp8_e4m3"],
        [undefined, "fp8_e5m2"],
        ["half", "fp16"],
      ].map(([dtype, kv]) => typesOf(dtype, kv!, "bfloat16").variant),
    ],
    ["fp8-kvfp8", "fp8", "bf16-kvfp8", "bf16-kvfp8e5m2", "fp16-kvfp16"],
  );
});
