import assert from "node:assert/strict";
import { defaultRules, matches, parseRule, worseWays } from "../../kit/compare/rules.ts";
import { UsageError } from "../../kit/contract/errors.ts";
import { fc } from "../deps.ts";
import { timeFigure } from "./made.ts";

Deno.test("a rule is read as it is written", () => {
  const { source: _, ...rule } = parseRule("requests.ttft_ms.p50:+10%");
  assert.deepEqual(rule, {
    text: "requests.ttft_ms.p50:+10%",
    pattern: "requests.ttft_ms.p50",
    sign: "+",
    amount: 10,
    percent: true,
  });
  assert.deepEqual(
    [parseRule("a.b: - 2.5 %").amount, parseRule("a.b:3").percent, parseRule("a.b:3").sign],
    [2.5, false, undefined],
  );
  // The name of a kernel has colons of its own.
  assert.equal(
    parseRule("kernels.void at::native<int>.avg_ns:+1%").pattern,
    "kernels.void at::native<int>.avg_ns",
  );
});

Deno.test("any metric and amount comes back from a rule", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((text) => text.trim() === text && text !== ""),
      fc.constantFrom("+", "-", ""),
      fc.double({ min: 0, max: 99, noNaN: true }),
      fc.constantFrom("%", ""),
      (metric, sign, amount, percent) => {
        const rule = parseRule(`${metric}:${sign}${amount}${percent}`);
        assert.deepEqual(
          [rule.pattern, rule.sign ?? "", rule.amount, rule.percent],
          [metric, sign, amount, percent === "%"],
        );
      },
    ),
  );
});

Deno.test("whatever is no rule is refused in one sentence", () => {
  for (const text of ["", ":", "a", "a:", "a:b", ":+1%", "a:+1%%", "a:+-1", "a:-100%", "a:1e999"]) {
    assert.throws(() => parseRule(text), /^UsageError: Cannot use the rule/, text);
  }
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      const { amount } = parseRule(text);
      assert.ok(Number.isFinite(amount) && amount >= 0);
    } catch (error) {
      assert.ok(error instanceof UsageError);
    }
  }));
});

Deno.test("a star stands for any text", () => {
  assert.ok(matches({ pattern: "*" }, "a.b"));
  assert.ok(matches({ pattern: "steps.*_ms.p50" }, "steps.decode_ms.p50"));
  assert.ok(!matches({ pattern: "steps.*_ms.p50" }, "steps.decode_ms.p95"));
  assert.ok(!matches({ pattern: "ab*b" }, "ab"));
  const word = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), maxLength: 8 });
  fc.assert(
    fc.property(word, word, (pattern, metric) => {
      const plain = metric.replaceAll("*", "x");
      const regex = pattern.split("*").map((part) => part.replaceAll(".", "\\.")).join(".*");
      assert.equal(matches({ pattern }, plain), new RegExp(`^${regex}$`).test(plain));
    }),
  );
});

Deno.test("a rule that forbids what is better is refused", () => {
  const lower = timeFigure("t.ms", 1);
  const higher = { ...lower, better: "higher" as const };
  const { better: _, ...neither } = lower;
  assert.deepEqual(worseWays(parseRule("t.ms:5%"), lower), ["+"]);
  assert.deepEqual(worseWays(parseRule("t.ms:5%"), higher), ["-"]);
  assert.deepEqual(worseWays(parseRule("t.ms:5%"), neither), ["+", "-"]);
  assert.deepEqual(worseWays(parseRule("t.ms:-5%"), neither), ["-"]);
  assert.throws(
    () => worseWays(parseRule("t.ms:-5%"), lower),
    /less of t\.ms is better; write it with \+/,
  );
});

Deno.test("every default rule can be read and goes the way of its figure", () => {
  for (const kind of ["session", "torch", "nsys", "ncu", "metal", "sweep", "automation"] as const) {
    assert.ok(defaultRules(kind).length > 0, kind);
    for (const rule of defaultRules(kind)) {
      assert.equal(rule.sign, /per_s/.test(rule.pattern) ? "-" : "+", rule.text);
    }
  }
});
