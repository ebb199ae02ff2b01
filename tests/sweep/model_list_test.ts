/** Lists of models: YAML or lines, and whatever else somebody hands over. */

import assert from "node:assert/strict";
import { UsageError } from "../../kit/contract/errors.ts";
import { parseModelList } from "../../kit/sweep/batch/model_list.ts";
import { variantTypes } from "../../kit/sweep/batch/variants.ts";
import { fc } from "../deps.ts";

const plain = async (text: string) =>
  (await parseModelList(text, "the list")).map(({ model, values }) => ({ model, values }));

const WANTED = [
  { model: "Qwen/Qwen3-0.6B", values: {} },
  {
    model: "a/b",
    values: {
      tpDegrees: [1, 2],
      variants: ["bf16", "fp8-kvfp8"],
      skipSkew: true,
      targetError: 0.02,
    },
  },
];

Deno.test("a line is a model, with options of its own behind it", async () => {
  const text = "# a comment\n\nQwen/Qwen3-0.6B   # one more\r\n" +
    "a/b TP_DEGREES=1,2 variants=bf16,fp8-kvfp8 skip-skew=1 target_error=0.02\n";
  assert.deepEqual(await plain(text), WANTED);
});

Deno.test("YAML says the same, as a list or below models", async () => {
  const entries = "- Qwen/Qwen3-0.6B\n- model: a/b\n  tp-degrees: [1, 2]\n" +
    "  variants:\n    - bf16\n    - fp8-kvfp8\n  SKIP_SKEW: true\n  target_error: 0.02\n";
  assert.deepEqual(await plain(entries), WANTED);
  const below = `# vscope\nmodels:\n${entries.replaceAll(/^/gm, "  ")}`;
  assert.deepEqual(await plain(below), WANTED);
  assert.deepEqual(await plain('[{"model": "Qwen/Qwen3-0.6B"}]'), WANTED.slice(0, 1));
});

Deno.test("what a list cannot say is refused in one sentence", async () => {
  const cases: [string, RegExp][] = [
    ["", /the list names no model/],
    ["# nothing\n\n", /the list names no model/],
    ["[]", /the list names no model/],
    ["models: Qwen/Qwen3-0.6B", /the list is no list; give "- Qwen/],
    ["- [1, 2", /the list is no YAML \(.*\); give a list of models/],
    ["- a/b\n- tp: 2", /entry 2 of the list names no model/],
    ["a/b 1,2", /"1,2" behind a\/b in the list is no OPTION=VALUE/],
    ["a/b tp=2", /"tp" of a\/b in the list is no option .* those are tp-degrees, /],
    ["a/b time-budget=2h", /"time-budget" of a\/b in the list is no option/],
    ["a/b tp-degrees=two", /"tp-degrees" of a\/b in the list is "two"; give a list with commas/],
    [
      "- model: a/b\n  max-num-seqs: [1, 2]",
      /"max-num-seqs" of a\/b in the list is \[1,2\]; give a/,
    ],
  ];
  for (const [text, wanted] of cases) {
    await assert.rejects(parseModelList(text, "the list"), (error: Error) => {
      assert.ok(error instanceof UsageError, text);
      assert.match(error.message, /^Cannot run sweep-all: /);
      assert.match(error.message, wanted);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  }
});

Deno.test("whatever a list holds, it is read or refused", async () => {
  const word = fc.constantFrom(
    "a/b",
    "- ",
    "model:",
    "\n",
    " ",
    "tp-degrees=",
    "1,2",
    "#",
    "{",
    "]",
    "&x",
    "*x",
  );
  await fc.assert(fc.asyncProperty(
    fc.oneof(fc.string(), fc.array(word).map((words) => words.join(""))),
    async (text) => {
      try {
        for (const { model } of await parseModelList(text, "it")) assert.notEqual(model, "");
      } catch (error) {
        assert.ok(error instanceof UsageError, `${JSON.stringify(text)}: ${error}`);
      }
    },
  ));
});

Deno.test("a variant's name says its types", () => {
  assert.deepEqual(variantTypes("bf16"), { dtype: "bf16", kvCacheDtype: "auto" });
  assert.deepEqual(variantTypes("fp8-kvfp8"), { dtype: "fp8", kvCacheDtype: "fp8" });
  assert.deepEqual(variantTypes("fp16-kvfp8e5m2"), { dtype: "fp16", kvCacheDtype: "fp8_e5m2" });
  assert.deepEqual(variantTypes("auto-kvfp8"), { kvCacheDtype: "fp8" });
  for (const name of ["", "int3", "bf16-kvint3", "-kvfp8"]) {
    assert.throws(
      () => variantTypes(name),
      /^UsageError: Cannot run sweep-all: ".*" is no variant/,
    );
  }
});
