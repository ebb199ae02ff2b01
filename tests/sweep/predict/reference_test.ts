/**
 * What LLMServingSim reads from a sweep. The expected times of the fixture are what its own simulator
 * (August 2026) made of the sweep in made.ts: nanoseconds of a pass at TP 1, at TP 2, at TP 2 with
 * the experts spread over two ranks, and of one call of attention at TP 1.
 */

import assert from "node:assert/strict";
import { parseShape } from "../../../kit/sweep/predict/batch.ts";
import expected from "../fixtures/reference_predictions.json" with { type: "json" };
import { edit } from "../made.ts";
import { layerNs, opened, withSweep } from "./opened.ts";

Deno.test("--method reference is LLMServingSim's to the nanosecond", async () => {
  await withSweep(async (dir) => {
    const one = await opened(dir, { method: "reference" });
    const two = await opened(dir, { method: "reference", tp: 2 });
    const spread = await opened(dir, { method: "reference", tp: 2, expertRanks: 2 });
    assert.ok(expected.length >= 60);
    for (const [shape, ...times] of expected as [string, ...number[]][]) {
      const batch = parseShape(shape);
      assert.deepEqual(
        [
          ...[one, two, spread].map((predictor) => predictor.predict(batch).ns),
          layerNs(one, batch, "attention"),
        ],
        times,
        shape,
      );
    }
  });
});

Deno.test("alpha of the reference is that of a measured chunk, and the default at any other", async () => {
  await withSweep(async (dir) => {
    const reference = await opened(dir, { method: "reference" });
    const share = (shape: string, mean: string, longest: string) => {
      const [skewed, low, high] = [shape, mean, longest].map((text) =>
        layerNs(reference, text, "attention")
      );
      return (skewed! - low!) / (high! - low!);
    };
    const shape = (chunk: number, ...decodes: string[]) => [`${chunk}+0`, ...decodes].join();
    const at = (chunk: number) =>
      share(
        shape(chunk, "2x1+100", "2x1+1100"),
        shape(chunk, "4x1+600"),
        shape(chunk, "4x1+1100"),
      );
    // Made with alphas of 0.1 + chunk / 128; what all rows have together is 0.55 or so.
    assert.ok(Math.abs(at(32) - 0.35) < 0.01, String(at(32)));
    assert.ok(Math.abs(at(33) - 0.1 - 33 / 128) > 0.05, String(at(33)));
  });
});

Deno.test("without a fit in meta the reference corrects nothing", async () => {
  await withSweep(
    async (dir) => {
      const reference = await opened(dir, { method: "reference" });
      const [skewed, mean] = ["2x1+100,2x1+1100", "4x1+600"].map((shape) =>
        layerNs(reference, shape, "attention")
      );
      assert.equal(skewed, mean);
    },
    (dir) =>
      edit(
        `${dir}/meta.yaml`,
        (text) => text.replace(/skew_fit:\n {2}enabled: true/, "skew_fit:\n  enabled: false"),
      ),
  );
});
