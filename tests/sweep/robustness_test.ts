/** Whatever stands in a sweep's files or in a model's config, nothing ends but in a sentence. */

import assert from "node:assert/strict";
import { UsageError } from "../../kit/contract/errors.ts";
import { loadYaml } from "../../kit/deps.ts";
import { fitBundle } from "../../kit/sweep/fit/fit_bundle.ts";
import { lintBundle } from "../../kit/sweep/lint/lint.ts";
import { parseArchitecture } from "../../kit/sweep/model/architecture.ts";
import { readModelConfig } from "../../kit/sweep/model/model_config.ts";
import { tpOverrides } from "../../kit/sweep/model/tp_emulation.ts";
import { parseShape } from "../../kit/sweep/predict/batch.ts";
import { leaveOneOut } from "../../kit/sweep/predict/leave_one_out.ts";
import { METHODS } from "../../kit/sweep/predict/predictor.ts";
import { validateSweep } from "../../kit/sweep/validate_sweep.ts";
import { fc, rounds } from "../deps.ts";
import { inFolder } from "../folders.ts";
import { writeSweep } from "./made.ts";
import { opened } from "./predict/opened.ts";

async function onlyUsage(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof UsageError, String((error as Error).stack));
    assert.doesNotMatch(error.message, /undefined|\[object/);
  }
}

/** Predictions by either method, and points held out: a time that comes of it is a number. */
async function predicts(dir: string): Promise<void> {
  await onlyUsage(() => leaveOneOut(Deno, dir));
  for (const method of METHODS) {
    await onlyUsage(async () => {
      const predictor = await opened(dir, { method, model: "Qwen/Qwen3-30B-A3B-Instruct-2507" });
      for (const shape of ["20+700,3x1+100,2x1+900", "9000", "3x1+99999"]) {
        const { ns } = predictor.predict(parseShape(shape));
        assert.ok(ns >= 0 && !Number.isNaN(ns), `${method} ${shape}: ${ns}`);
      }
    });
  }
}

const FILES = [
  "meta.yaml",
  "tp1/dense.csv",
  "tp1/attention.csv",
  "tp1/skew.csv",
  "tp1/skew_fit.csv",
];

Deno.test("a mangled file is found fault with, and nothing else", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir, [1]);
    const whole = new Map<string, string>();
    for (const file of FILES) {
      // A short piece of each, so that a fault is near.
      const text = (await Deno.readTextFile(`${dir}/${file}`)).slice(0, 3000);
      whole.set(file, text.slice(0, text.lastIndexOf("\n") + 1));
    }
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...FILES),
        fc.nat(2999),
        fc.nat(40),
        fc.oneof(
          fc.constantFrom("", ",", "\n", '"', "\r\n", "nan", "-", ": ", "[", "\0", "1e999", "{}"),
          fc.string({ maxLength: 12 }),
        ),
        async (file, place, length, put) => {
          for (const [name, text] of whole) {
            const at = place % text.length;
            const mangled = text.slice(0, at) + put + text.slice(at + length);
            await Deno.writeTextFile(`${dir}/${name}`, name === file ? mangled : text);
          }
          await onlyUsage(() => lintBundle(Deno, dir, "/"));
          await onlyUsage(() => validateSweep(Deno, dir));
          await onlyUsage(() => fitBundle(Deno, dir, { write: false }));
          await onlyUsage(() => predicts(dir));
        },
      ),
      { numRuns: rounds(60) },
    );
  });
});

Deno.test("empty files and files that are something else are found fault with", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir, [1]);
    for (const text of ["", "\n\n", "\uFEFF", "a,b\n1,2\n", "[]", "- 1\n- 2\n", "\0\0\0"]) {
      for (const file of FILES) await Deno.writeTextFile(`${dir}/${file}`, text);
      await onlyUsage(() => lintBundle(Deno, dir, "/"));
      await onlyUsage(() => validateSweep(Deno, dir));
      await onlyUsage(() => fitBundle(Deno, dir, { write: false }));
      await onlyUsage(() => predicts(dir));
    }
  });
});

Deno.test("any JSON is a config or is not, in a sentence", async () => {
  const fields = [
    "model_type",
    "max_position_embeddings",
    "num_attention_heads",
    "num_key_value_heads",
    "rope_scaling",
    "num_experts",
    "vocab_size",
    "torch_dtype",
    "head_dim",
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.json(),
        fc.dictionary(fc.constantFrom(...fields), fc.jsonValue()).map((found) =>
          JSON.stringify({ model_type: "x", ...found })
        ),
      ),
      fc.integer({ min: 1, max: 9 }),
      (text, tp) => onlyUsage(() => tpOverrides(readModelConfig("x", "x", text), tp, true)),
    ),
  );
});

Deno.test("any YAML is an architecture or is not, in a sentence", async () => {
  const { load } = await loadYaml();
  const word = fc.constantFrom(
    "catalog",
    "dense",
    "attention",
    "sequence",
    "vllm",
    "head",
    "a",
    "b",
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      word,
      fc.constant(null),
      fc.integer(),
      fc.dictionary(word, tie("tree"), { maxKeys: 4 }),
      fc.array(tie("tree"), { maxLength: 3 }),
    ),
  }));
  const rooted = fc.record({ catalog: tree, sequence: tree }, { requiredKeys: ["catalog"] });
  fc.assert(fc.property(fc.oneof(tree, rooted), (document) => {
    try {
      parseArchitecture("x", "", load(JSON.stringify(document)));
    } catch (error) {
      assert.ok(error instanceof TypeError, String(error));
      assert.doesNotMatch(error.message, /Cannot read|is not a function|not iterable/);
    }
  }));
});
