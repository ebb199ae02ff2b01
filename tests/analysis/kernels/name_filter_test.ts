/** The rules as one plain expression, against names that were labelled by hand. */

import assert from "node:assert/strict";
import { CATEGORIES } from "../../../kit/analysis/capture/model.ts";
import { kernelRules, parseRules, ruleOf } from "../../../kit/analysis/kernels/classify.ts";
import { nameFilterOf, plainOf } from "../../../kit/analysis/kernels/name_filter.ts";
import { fc } from "../../deps.ts";

const labelled = (await Deno.readTextFile(new URL("./labelled.tsv", import.meta.url)))
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split("\t") as [category: string, source: string, name: string]);
const rules = await kernelRules();
const kinds = CATEGORIES.filter((category) => category !== "other");

Deno.test("each labelled name matches the expression of its category, and of any choice with it", () => {
  for (const [category, , name] of labelled) {
    if (category === "other") continue;
    const filter = nameFilterOf(rules, [category as typeof kinds[number]])!;
    assert.match(name, new RegExp(filter));
  }
  fc.assert(
    fc.property(
      fc.subarray(kinds, { minLength: 1 }),
      fc.constantFrom(...labelled),
      (categories, [category, , name]) => {
        if (!categories.some((one) => one === category)) return;
        assert.match(name, new RegExp(nameFilterOf(rules, categories)!));
      },
    ),
  );
});

Deno.test("an expression matches what its rule matches, whatever the case, and nothing else", () => {
  const pieces = labelled.map(([, , name]) => name.slice(0, 60));
  fc.assert(
    fc.property(
      fc.constantFrom(...rules),
      fc.oneof(fc.constantFrom(...pieces), fc.string(), fc.string({ unit: "grapheme-ascii" })),
      fc.boolean(),
      ({ pattern }, name, shout) => {
        const text = shout ? name.toUpperCase() : name;
        assert.equal(new RegExp(plainOf(pattern.source)).test(text), pattern.test(text));
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("an expression is plain: no flag, no look-around, no class by a letter", () => {
  for (const category of kinds) {
    assert.doesNotMatch(nameFilterOf(rules, [category])!, /\(\?|\\[a-z]/i, category);
  }
  assert.equal(plainOf("^(a|[^x-z0])_\\d+\\.$"), "^([aA]|[^x-z0X-Z0])_[0-9]+\\.$");
  const [lookbehind] = parseRules({
    rules: [{ name: "x", category: "ffn", match: "(?<!a)b" }],
  });
  assert.throws(() => plainOf(lookbehind!.pattern.source), /no plain regular expression/);
});

Deno.test("what no rule matches has no expression; most kinds are told apart by theirs", () => {
  assert.equal(nameFilterOf(rules, ["other"]), undefined);
  assert.equal(nameFilterOf(rules, ["ffn", "other"]), undefined);
  const norm = new RegExp(nameFilterOf(rules, ["norm"])!);
  const strangers = labelled.filter(([category, , name]) => category === "ffn" && norm.test(name));
  assert.ok(strangers.length < 5, strangers.map(([, , name]) => name.slice(0, 80)).join("\n"));
  assert.ok(rules.every((rule) => ruleOf([rule], "") === undefined));
});
