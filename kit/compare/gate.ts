/**
 * The gate: whether anything became worse by more than its rule allows, and by more than noise.
 *
 * @module
 */

import { UsageError } from "../contract/errors.ts";
import { suggestion } from "../contract/suggest.ts";
import { byMetric, type Change } from "./change.ts";
import {
  assumptionsOf,
  changesOf,
  type ComparedSource,
  type Difference,
  differencesOf,
  type NotCompared,
  oneKind,
  sourceOf,
} from "./diff.ts";
import type { ComparedBundle } from "./figure.ts";
import { matches, type Rule, worseWays } from "./rules.ts";

/**
 * `regression` and `improvement` are beyond the rule's limit and beyond noise; `within_limit` is beyond noise
 * alone; `within_noise` is not; `unknown` has nothing that tells its noise, and no rule of yours.
 */
export type GateVerdict =
  | "regression"
  | "improvement"
  | "within_limit"
  | "within_noise"
  | "unknown";

/** A figure that was judged. */
export interface Judged extends Change {
  /** The rule that was judged by, as it was written. */
  readonly rule: string;
  /** What came of it. */
  readonly verdict: GateVerdict;
}

/** The document of `vscope bundle gate BASE NEW --json`. In `differences`, `a` is the base. */
export interface GateDocument {
  /** Version of the shape. */
  readonly schema_version: 1;
  /** What the document is. */
  readonly kind: "gate";
  /** What kind of bundle both sides are of. */
  readonly compared: ComparedBundle["kind"];
  /** Whether no figure is a regression. */
  readonly passed: boolean;
  /** Runs of what was before. */
  readonly base: readonly ComparedSource[];
  /** Runs of what is judged. */
  readonly new: readonly ComparedSource[];
  /** What was different about the runs. */
  readonly differences: readonly Difference[];
  /** That no figure is called changed which is not: of all together. */
  readonly confidence: number;
  /** The rules, and how many figures each judged. */
  readonly rules: readonly {
    readonly rule: string;
    readonly source: Rule["source"];
    readonly metrics: number;
  }[];
  /** The figures that rules are for. */
  readonly judged: readonly Judged[];
  /** As in a diff. */
  readonly not_compared: readonly NotCompared[];
  /** What the intervals take for granted, a sentence each. */
  readonly assumptions: readonly string[];
}

/**
 * Judges a new side against a base.
 *
 * @param confidence Of all intervals together, above 0 and below 1.
 * @throws {UsageError} where a rule fits no figure, or nothing can be judged: a gate that judges nothing
 * must not pass.
 *
 * @example Lets pass what is no slower
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   defaultRules,
 *   gateBundles,
 *   type GateDocument,
 *   type GateVerdict,
 *   type Judged,
 *   readCompared,
 *   type Rule,
 * } from "@vscope/vscope";
 *
 * const run = await readCompared(Deno, "perf/examples/session");
 * const rules: Rule[] = defaultRules(run.kind);
 * const gate: GateDocument = await gateBundles([run], [run], rules, 0.95);
 * const regression: GateVerdict = "regression";
 * const bad: readonly Judged[] = gate.judged.filter(({ verdict }) => verdict === regression);
 * assert.deepEqual([gate.passed, bad], [true, []]);
 * ```
 */
export async function gateBundles(
  base: readonly ComparedBundle[],
  fresh: readonly ComparedBundle[],
  rules: readonly Rule[],
  confidence: number,
): Promise<GateDocument> {
  const kind = oneKind([...base, ...fresh]);
  const all = changesOf(base, fresh, confidence);
  const metrics = all.changes.map(({ metric }) => metric);
  await checkRules(rules, metrics, base, fresh);
  const chosen = new Map(metrics.flatMap((metric) => {
    const rule = rules.findLast((one) => matches(one, metric));
    return rule ? [[metric, rule] as const] : [];
  }));
  if (chosen.size === 0) throw nothingToJudge(base[0]!, fresh[0]!, rules, kind);
  // Of many figures some are far off by chance: each has to be surer, so that all together are as sure.
  const each = 1 - (1 - confidence) / chosen.size;
  const judged = changesOf(base, fresh, each).changes.flatMap((change) => {
    const rule = chosen.get(change.metric);
    return rule ? [{ ...change, rule: rule.text, verdict: verdictOf(change, rule) }] : [];
  });
  if (judged.every(({ verdict }) => verdict === "unknown")) {
    throw new UsageError(
      `Cannot judge "${fresh[0]!.path}" against "${
        base[0]!.path
      }": nothing tells the noise of any ` +
        "figure that a rule is for; give repeats with --base and --new, or a --rule of your own",
    );
  }
  return {
    schema_version: 1,
    kind: "gate",
    compared: kind,
    passed: judged.every(({ verdict }) => verdict !== "regression"),
    base: base.map(sourceOf),
    new: fresh.map(sourceOf),
    differences: differencesOf(base, fresh),
    confidence,
    rules: rules.map((rule) => ({
      rule: rule.text,
      source: rule.source,
      metrics: [...chosen.values()].filter((one) => one === rule).length,
    })),
    judged,
    not_compared: all.notCompared,
    assumptions: [
      ...assumptionsOf(base, fresh),
      `Intervals of ${chosen.size} figures hold together with ${100 * confidence} % (Bonferroni).`,
    ],
  };
}

/** Your own rules have to be judged; a default rule may have nothing to judge. */
async function checkRules(
  rules: readonly Rule[],
  metrics: readonly string[],
  base: readonly ComparedBundle[],
  fresh: readonly ComparedBundle[],
): Promise<void> {
  for (const rule of rules) {
    if (rule.source === "default" || metrics.some((metric) => matches(rule, metric))) continue;
    const lacking = [...base, ...fresh].find((bundle) =>
      ![...byMetric(bundle).keys()].some((metric) => matches(rule, metric))
    );
    const elsewhere = [...base, ...fresh].some((bundle) =>
      [...byMetric(bundle).keys()].some((metric) => matches(rule, metric))
    );
    throw new UsageError(
      elsewhere
        ? `Cannot judge the rule "${rule.text}": "${(lacking ?? base[0]!).path}" has no such figure`
        : `Cannot judge the rule "${rule.text}": no bundle has such a figure` +
          (await suggestion(rule.pattern, metrics) || "; --list-metrics names them"),
    );
  }
}

function nothingToJudge(
  { path }: ComparedBundle,
  { path: other }: ComparedBundle,
  rules: readonly Rule[],
  kind: string,
): UsageError {
  return new UsageError(
    `Cannot judge "${other}" against "${path}": ` +
      (rules.length === 0
        ? `bundles of ${kind} have no default rules; give --rule, --list-metrics names the figures`
        : "they have no figure in common that a rule is for"),
  );
}

function verdictOf(change: Change, rule: Rule): GateVerdict {
  const ways = worseWays(rule, change);
  const none = change.scale === "ratio" ? 1 : 0;
  const clear = change.interval &&
    (change.interval[0] > none || change.interval[1] < none);
  if (!change.interval && rule.source === "default" && change.change !== none) return "unknown";
  if (clear === false || change.change === none) return "within_noise";
  const backwards = { ...change, a: change.b, b: change.a };
  if (ways.some((way) => exceeds(change, way, rule))) return "regression";
  return ways.some((way) => exceeds(backwards, way, rule)) ? "improvement" : "within_limit";
}

/** Whether b is above (or below) a by more than the rule allows. */
function exceeds({ a, b }: Pick<Change, "a" | "b">, way: "+" | "-", rule: Rule): boolean {
  const moved = way === "+" ? b - a : a - b;
  return moved > (rule.percent ? rule.amount / 100 * Math.abs(a) : rule.amount);
}
