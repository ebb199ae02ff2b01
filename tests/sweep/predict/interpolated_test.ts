/** Times between the points of a sweep. */

import assert from "node:assert/strict";
import { parseShape } from "../../../kit/sweep/predict/batch.ts";
import { METHODS } from "../../../kit/sweep/predict/predictor.ts";
import { SWEEP_TABLES } from "../../../kit/sweep/sweep_tables.ts";
import { readTable } from "../../../kit/sweep/table.ts";
import { fc } from "../../deps.ts";
import { alphaOf, edit, editRows } from "../made.ts";
import { layerNs, opened, withSweep } from "./opened.ts";

/** Rows of a table: layer ("" without), key and time. */
async function rowsOf(
  dir: string,
  tp: number,
  name: "dense" | "per_sequence" | "attention" | "moe",
) {
  const { rows } = (await readTable(Deno, `${dir}/tp${tp}/${name}.csv`))!;
  const layered = (SWEEP_TABLES[name].key as readonly string[])[0] === "layer";
  return rows.map(({ cells }) => {
    const numbers = cells.slice(layered ? 1 : 0).map(Number);
    return { layer: layered ? cells[0]! : "", key: numbers.slice(0, -1), us: numbers.at(-1)! };
  });
}

Deno.test("a prediction at a point of the grid is the table's, by either method", async () => {
  await withSweep(async (dir) => {
    for (const tp of [1, 2]) {
      for (const method of METHODS) {
        const predictor = await opened(dir, { tp, method });
        const same = (shape: string, layer: string, us: number, experts?: number) => {
          const batch = { ...parseShape(shape), ...(experts ? { activatedExperts: experts } : {}) };
          const found = layerNs(predictor, batch, layer);
          assert.ok(
            Math.abs(found - us * 1000) <= (method === "reference" ? 0.5 : 1e-3),
            `${method} tp${tp} ${layer} ${shape}: ${found} ns, ${us} µs in the table`,
          );
          assert.deepEqual(
            predictor.predict(batch).outside.filter(({ table }) => table.includes("attention")),
            [],
            shape,
          );
        };
        for (const { key: [c, kp, n, kd], us } of await rowsOf(dir, tp, "attention")) {
          const groups = [...(c ? [`${c}+${kp}`] : []), ...(n ? [`${n}x1+${kd}`] : [])];
          same(groups.join(), "attention", us);
        }
        for (const { layer, key: [n], us } of await rowsOf(dir, tp, "dense")) {
          const stable = method === "reference" && layer === "qk_norm" && tp > 1;
          if (!stable) same(n === 1 ? "1+16" : `${n}+0`, layer, us);
        }
        for (const { layer, key: [n], us } of await rowsOf(dir, tp, "per_sequence")) {
          same(`${n}x1+16`, layer, us);
        }
        if (tp > 1) continue;
        for (const { key: [tokens, experts], us } of await rowsOf(dir, tp, "moe")) {
          same(tokens === 1 ? "1+16" : `${tokens}+0`, "moe", us, experts);
        }
      }
    }
  });
});

Deno.test("more of anything never takes less where the table rises", async () => {
  await withSweep(async (dir) => {
    const predictor = await opened(dir);
    const group = fc.tuple(
      fc.integer({ min: 1, max: 90 }),
      fc.nat(5000),
      fc.integer({ min: 1, max: 9 }),
    );
    const request = fc.record({
      groups: fc.array(group, { minLength: 1, maxLength: 3 }),
      alone: fc.boolean(),
    });
    fc.assert(
      fc.property(request, fc.nat(3000), fc.nat(40), ({ groups, alone }, history, tokens) => {
        // One chunk or decodes that are alike: what the table itself tells.
        const [[c, kp], [, kd, n]] = [groups[0]!, groups.at(-1)!] as const;
        const chunk = c! + 1;
        const shapes = alone
          ? [`${chunk}+${kp}`, `${chunk}+${kp! + history}`, `${chunk + tokens}+${kp! + history}`]
          : [`${n}x1+${kd}`, `${n}x1+${kd! + history}`, `${n! + tokens}x1+${kd! + history}`];
        const times = shapes.map((shape) => predictor.predict(parseShape(shape)).ns);
        assert.ok(
          times[0]! <= times[1]! + 1e-6 && times[1]! <= times[2]! + 1e-6,
          `${shapes}: ${times}`,
        );
      }),
    );
  });
});

Deno.test("several chunks take no less than the longest, and no more than one of them all", async () => {
  await withSweep(async (dir) => {
    const predictor = await opened(dir);
    const chunk = fc.tuple(fc.integer({ min: 2, max: 60 }), fc.nat(600));
    fc.assert(fc.property(
      fc.array(chunk, { minLength: 2, maxLength: 4 }),
      fc.nat(6),
      fc.integer({ min: 16, max: 1024 }),
      (chunks, n, kd) => {
        const beside = n > 0 ? [`${n}x1+${kd}`] : [];
        const time = (shapes: string[]) =>
          layerNs(predictor, [...shapes, ...beside].join(), "attention");
        const all = time(chunks.map(([c, h]) => `${c}+${h}`));
        const each = chunks.map(([c, h]) => time([`${c}+${h}`]));
        const tokens = chunks.reduce((total, [c]) => total + c, 0);
        const history = chunks.reduce((total, [, h]) => total + h, 0);
        assert.ok(all >= Math.max(...each) * 0.999, `${all} ${each}`);
        assert.ok(all <= Math.max(time([`${tokens}+${history}`]), ...each) * 1.001);
        // Histories that are alike need not be written one by one.
        assert.equal(time(["20+64", "20+64"]), time(["2x20+64"]));
      },
    ));
  });
});

Deno.test("alpha is taken between the measured chunks, and from skew.csv whatever meta says", async () => {
  await withSweep(async (dir) => {
    const predictor = await opened(dir);
    for (const chunk of [16, 20, 24, 32, 45, 64]) {
      const at = (decodes: string) => layerNs(predictor, `${chunk}+0,${decodes}`, "attention");
      const [mean, most] = [at("4x1+600"), at("4x1+1100")];
      const found = (at("2x1+100,2x1+1100") - mean) / (most - mean);
      assert.ok(Math.abs(found - alphaOf(chunk)) < 0.03, `${chunk}: ${found}`);
    }
  }, (dir) => edit(`${dir}/meta.yaml`, (text) => text.replace(/skew_fit:[\s\S]*/, "")));
});

Deno.test("what lies outside of the grid is told, with the axis and its ends", async () => {
  await withSweep(async (dir) => {
    const predictor = await opened(dir);
    const outside = (shape: string) =>
      predictor.predict(parseShape(shape)).outside
        .map(({ table, axis, value, from, to }) => `${table} ${axis} ${value} ${from}-${to}`)
        // The engine that was made up has fewer experts than the model whose name it has.
        .filter((text) => !text.includes("moe"));
    assert.deepEqual(outside("20+700,3x1+100"), []);
    assert.ok(outside("100+0").includes("tp1/dense.csv tokens 100 1-64"));
    assert.ok(outside("100+0").includes("tp1/attention.csv prefill_chunk 100 0-64"));
    assert.ok(outside("20+5000").includes("tp1/attention.csv kv_prefill 5000 0-2048"));
    assert.ok(outside("3x1+9999").includes("tp1/attention.csv kv_decode 9999 16-2048"));
    assert.deepEqual(outside("40+0,7x1+100"), ["tp1/attention.csv n_decode 7 1-4"]);
    assert.ok(outside("20x1+100").includes("tp1/per_sequence.csv sequences 20 1-8"));
  });
});

Deno.test("a layer that the sweep has no times of is told, and is not zero", async () => {
  await withSweep(
    async (dir) => {
      const predictor = await opened(dir);
      const { missing, layers } = predictor.predict(parseShape("12"));
      assert.deepEqual(missing, ["o_proj"]);
      assert.ok(!layers.some(({ layer }) => layer === "o_proj"));
    },
    (dir) =>
      editRows(`${dir}/tp1/dense.csv`, (rows) => rows.filter(([layer]) => layer !== "o_proj")),
  );
});

Deno.test("experts in use are as many as independent choices hit, unless a batch says", async () => {
  await withSweep(async (dir) => {
    const predictor = await opened(dir);
    const experts = (shape: string) => predictor.predict(parseShape(shape)).experts!;
    // 8 of which a token uses 2 in the architecture's engine; the model's config has 128 and 8.
    assert.equal(experts("1+5").activatedExperts, 8);
    assert.ok(Math.abs(experts("16").activatedExperts - 128 * (1 - (15 / 16) ** 16)) < 1e-9);
    assert.ok(experts("2048").activatedExperts > 127.9);
    const said = predictor.predict({ ...parseShape("16"), activatedExperts: 4 });
    assert.equal(said.experts!.activatedExperts, 4);
  });
});

Deno.test("padding of a CUDA graph counts for dense layers alone", async () => {
  await withSweep(async (dir) => {
    const predictor = await opened(dir);
    const padded = { ...parseShape("5x1+100"), paddedTokens: 8 };
    const ns = (
      layer: string,
      shape = "5x1+100",
    ) => [layerNs(predictor, padded, layer), layerNs(predictor, shape, layer)];
    assert.equal(ns("qkv_proj")[0], ns("qkv_proj", "8x1+100")[1]);
    assert.equal(...ns("attention") as [number, number]);
    assert.equal(...ns("lm_head") as [number, number]);
  });
});
