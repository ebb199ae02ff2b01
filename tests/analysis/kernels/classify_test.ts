/** Kernel names against labels that were given by hand. */

import assert from "node:assert/strict";
import { kernelRules, parseRules, ruleOf } from "../../../kit/analysis/kernels/classify.ts";

interface Labelled {
  category: string;
  source: string;
  name: string;
}

const labelled: Labelled[] = (await Deno.readTextFile(new URL("./labelled.tsv", import.meta.url)))
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [category = "", source = "", name = ""] = line.split("\t");
    return { category, source, name };
  });

const rules = await kernelRules();

Deno.test("every labelled name gets its label", () => {
  assert.ok(labelled.length >= 150, `${labelled.length} names`);
  const wrong = labelled.flatMap(({ category, name }) => {
    const rule = ruleOf(rules, name);
    const found = rule?.category ?? "other";
    return found === category
      ? []
      : [`${name.slice(0, 120)}: ${found} by ${rule?.name}, is ${category}`];
  });
  assert.deepEqual(wrong, []);
});

Deno.test("every rule has an example, and none matches every name", () => {
  const hits = new Map(rules.map(({ name }) => [name, 0]));
  for (const { name } of labelled) {
    const rule = ruleOf(rules, name);
    if (rule) hits.set(rule.name, hits.get(rule.name)! + 1);
  }
  assert.deepEqual([...hits].filter(([, count]) => count === 0), []);
  for (const { name, pattern } of rules) {
    const matched = labelled.filter((one) => pattern.test(one.name)).length;
    assert.ok(matched < labelled.length / 2, `${name} matches ${matched} names`);
    assert.ok(!pattern.test("") && !pattern.test("q7"), `${name} matches what says nothing`);
  }
});

Deno.test("rules that are wrong are refused by name", () => {
  const rule = { name: "a", category: "ffn", match: "x" };
  assert.equal(parseRules({ rules: [rule] }).length, 1);
  for (
    const rules of [
      undefined,
      [{ ...rule, name: undefined }],
      [rule, rule],
      [{ ...rule, category: "matmul" }],
      [{ ...rule, match: "" }],
      [{ ...rule, match: [] }],
    ]
  ) {
    assert.throws(() => parseRules({ rules }), TypeError);
  }
});
