import assert from "node:assert/strict";
import { diffBundles } from "../../kit/compare/diff.ts";
import type { ComparedBundle, Figure } from "../../kit/compare/figure.ts";
import { gateBundles } from "../../kit/compare/gate.ts";
import { junitOf } from "../../kit/compare/junit.ts";
import { parseRule } from "../../kit/compare/rules.ts";
import { loadXml } from "../../kit/deps.ts";
import { fc } from "../deps.ts";
import { normals } from "../random.ts";
import { compared, rowsFigure, timeFigure } from "./made.ts";

const rules = (...texts: string[]) => texts.map((text) => parseRule(text));
const runs = (name: string, values: readonly number[], metric = "t.ms") =>
  values.map((value, n) => compared(`${name}${n}`, { figures: [timeFigure(metric, value)] }));

async function verdict(
  a: readonly number[],
  b: readonly number[],
  rule: string,
): Promise<string> {
  return (await gateBundles(runs("a", a), runs("b", b), rules(rule), 0.95)).judged[0]!.verdict;
}

Deno.test("a figure fails where it is worse beyond its rule and beyond noise", async () => {
  const base = [10, 10.1, 9.9];
  assert.equal(await verdict(base, [12, 12.1, 11.9], "t.ms:+10%"), "regression");
  assert.equal(await verdict(base, [12, 12.1, 11.9], "t.ms:+25%"), "within_limit");
  assert.equal(await verdict(base, [12, 12.1, 11.9], "t.ms:+1.5"), "regression");
  assert.equal(await verdict(base, [12, 12.1, 11.9], "t.ms:+2.5"), "within_limit");
  assert.equal(await verdict(base, [8, 8.1, 7.9], "t.ms:+10%"), "improvement");
  assert.equal(await verdict(base, [7, 12, 20], "t.ms:+10%"), "within_noise");
  assert.equal(await verdict([10], [10], "t.ms:+0%"), "within_noise");
});

Deno.test("repeats of the base alone tell the noise of a single new run", async () => {
  assert.equal(await verdict([10, 10.1, 9.9, 10, 10.05], [12], "t.ms:+5%"), "regression");
  assert.equal(await verdict([10, 13, 8, 11, 9], [12], "t.ms:+5%"), "within_noise");
});

Deno.test("where nothing tells the noise a rule of yours judges the value, a default rule does not", async () => {
  assert.equal(await verdict([10], [12], "t.ms:+5%"), "regression");
  const byDefault = [{ ...parseRule("t.ms:+5%"), source: "default" as const }];
  await assert.rejects(
    gateBundles(runs("a", [10]), runs("b", [12]), byDefault, 0.95),
    /nothing tells the noise of any figure .* give repeats/,
  );
  const known = { ...parseRule("t.known:+5%"), source: "default" as const };
  const both = (name: string, value: number) => [
    compared(name, { figures: [timeFigure("t.ms", value), timeFigure("t.known", 1, 0.01)] }),
  ];
  const { judged, passed } = await gateBundles(
    both("a", 10),
    both("b", 12),
    [...byDefault, known],
    0.95,
  );
  assert.deepEqual([judged[0]!.verdict, judged[1]!.verdict, passed], [
    "unknown",
    "within_noise",
    true,
  ]);
});

Deno.test("a regression one way is an improvement the other way", async () => {
  const values = fc.array(fc.double({ min: 1, max: 100, noNaN: true }), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(
      values,
      values,
      fc.constantFrom("+5%", "+0%", "+60%", "+3"),
      fc.constantFrom("lower", "higher"),
      async (a, b, limit, better) => {
        const turned = (all: ComparedBundle[]) =>
          all.map((one) => ({
            ...one,
            figures: one.figures.map((figure) => ({ ...figure, better }) as Figure),
          }));
        const rule = rules(`t.ms:${better === "lower" ? limit : limit.replace("+", "-")}`);
        const [sideA, sideB] = [turned(runs("a", a)), turned(runs("b", b))];
        const there = (await gateBundles(sideA, sideB, rule, 0.9)).judged[0]!.verdict;
        const back = (await gateBundles(sideB, sideA, rule, 0.9)).judged[0]!.verdict;
        const swapped = { regression: "improvement", improvement: "regression" } as const;
        assert.equal(back, swapped[there as keyof typeof swapped] ?? there);
      },
    ),
  );
});

Deno.test("honest repeats of twenty noisy figures rarely fail, and a real slowdown does", async () => {
  const noise = normals(21);
  const side = (name: string, slower: number) =>
    Array.from({ length: 3 }, (_, run) =>
      compared(`${name}${run}`, {
        figures: Array.from({ length: 20 }, (_, n) =>
          timeFigure(`t.f${n}`, 10 * (n === 3 ? slower : 1) * Math.exp(0.03 * noise()))),
      }));
  let [alarms, caught] = [0, 0];
  for (let trial = 0; trial < 150; trial++) {
    const quiet = await gateBundles(side("a", 1), side("b", 1), rules("t.*:+1%"), 0.95);
    if (!quiet.passed) alarms++;
    const slow = await gateBundles(side("a", 1), side("b", 1.5), rules("t.*:+5%"), 0.95);
    if (slow.judged[3]!.verdict === "regression") caught++;
  }
  // About 2.5 % are to be expected: half of 5 % are improvements.
  assert.ok(alarms <= 10, `${alarms} of 150`);
  assert.ok(caught >= 140, `${caught} of 150`);
});

Deno.test("the last rule that fits counts, and one that fits nothing is an error that helps", async () => {
  const [a, b] = [runs("a", [10, 10.1]), runs("b", [12, 12.1])];
  const { judged, rules: told } = await gateBundles(a, b, rules("t.*:+1%", "t.ms:+50%"), 0.95);
  assert.equal(judged[0]!.rule, "t.ms:+50%");
  assert.deepEqual(told.map(({ metrics }) => metrics), [0, 1]);
  await assert.rejects(
    gateBundles(a, b, rules("t.mz:+1%"), 0.95),
    /no bundle has such a figure; did you mean "t\.ms"\?/,
  );
  await assert.rejects(
    gateBundles([...a], runs("b", [1], "u.ms"), rules("u.ms:+1%"), 0.95),
    /"a0" has no such figure/,
  );
  await assert.rejects(gateBundles(a, b, [], 0.95), /no default rules; give --rule/);
  await assert.rejects(
    gateBundles(a, [compared("s", { kind: "sweep" })], rules("t.ms:+1%"), 0.95),
    /Cannot compare "a0" \(session\) with "s" \(sweep\)/,
  );
});

Deno.test("JUnit holds every figure, whatever its name", async () => {
  const { SaxesParser } = await loadXml();
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", minLength: 1 }), async (name) => {
      const metric = `t.${name.replaceAll("*", "")}`;
      const [a, b] = [runs("a", [10, 10.1, 9.9], metric), runs("b", [20, 20.1, 19.9], metric)];
      const gate = await gateBundles(a, b, rules("t.*:+5%"), 0.95);
      const parser = new SaxesParser();
      const seen: string[] = [];
      parser.on(
        "error",
        (error: Error) => assert.fail(`${error.message} for ${JSON.stringify(name)}`),
      );
      parser.on("opentag", (tag: { name: string }) => seen.push(tag.name));
      parser.write(await junitOf(gate)).close();
      assert.deepEqual(seen.filter((tag) => tag === "testcase" || tag === "failure"), [
        "testcase",
        "failure",
      ]);
    }),
    { numRuns: 30 },
  );
});

Deno.test("a bundle and itself differ in nothing", () => {
  const value = fc.double({ min: 0.001, max: 1e9, noNaN: true });
  const bundles = fc.array(
    fc.record({
      values: fc.array(value, { minLength: 1, maxLength: 5 }),
      rows: fc.dictionary(fc.string(), value),
    }),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(bundles, (made) => {
      const all = made.map(({ values, rows }, n) =>
        compared(`b${n}`, {
          facts: [{ subject: "vllm", name: "vllm", value: "0.26.0" }],
          figures: values.map((one, place) => timeFigure(`t.f${place}`, one, 0.01)),
          matched: [rowsFigure("u.rows", rows)],
        })
      );
      const { differences, changed, tables } = diffBundles(all, all, 0.95);
      assert.deepEqual([differences, changed], [[], 0]);
      for (const { verdict } of tables.flatMap(({ figures }) => figures)) {
        assert.equal(verdict, "same");
      }
    }),
  );
});

Deno.test("what only some bundles have is told, by table", () => {
  const a = compared("a", {
    figures: [timeFigure("t.x", 1), timeFigure("t.y", 1), timeFigure("u.z", 1)],
    matched: [rowsFigure("r.us", { k: 1, l: 2, m: 3 })],
  });
  const b = compared("b", {
    figures: [timeFigure("t.x", 1)],
    matched: [rowsFigure("r.us", { k: 1, n: 2 })],
    leftOut: ["q: torn"],
  });
  assert.deepEqual(diffBundles([a], [b], 0.95).not_compared, [
    { what: "r.us", reason: "2 rows of A and 1 of B are not in all bundles, 1 are" },
    { what: "t", reason: "only in A", metrics: ["t.y"] },
    { what: "u", reason: "only in A", metrics: ["u.z"] },
    { what: "B: b", reason: "q: torn" },
  ]);
});
