/**
 * The rules of a gate: `requests.ttft_ms.p50:+10%`.
 *
 * @module
 */

import { UsageError } from "../contract/errors.ts";
import type { BundleKind, FigureName } from "./figure.ts";

/** How much a figure may change. */
export interface Rule {
  /** As it was written. */
  readonly text: string;
  /** Metric; `*` stands for any text. */
  readonly pattern: string;
  /** Which way is worse; absent: as the figure has it, and either way where it has none. */
  readonly sign?: "+" | "-";
  /** Not negative. */
  readonly amount: number;
  /** In percent of the base, or in the figure's own unit. */
  readonly percent: boolean;
  /** Whether you gave it, or it stands for a kind of bundle. */
  readonly source: "given" | "default";
}

const FORM = "METRIC:+10%, METRIC:-10%, METRIC:10%, or METRIC:+5 in the unit of the metric";

/**
 * Reads a rule.
 *
 * @throws {UsageError} where it is none.
 *
 * @example At most a tenth less
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRule } from "@vscope/vscope";
 *
 * const { pattern, sign, amount, percent } = parseRule("throughput.tokens_per_s:-10%");
 * assert.deepEqual([pattern, sign, amount, percent], ["throughput.tokens_per_s", "-", 10, true]);
 * ```
 */
export function parseRule(text: string, source: Rule["source"] = "given"): Rule {
  const [, pattern, sign, amount, percent] =
    /^(.+):\s*([+-]?)\s*((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?)\s*(%?)$/is.exec(text.trim()) ?? [];
  const value = Number(amount);
  if (pattern === undefined || pattern.trim() === "" || !Number.isFinite(value)) {
    throw new UsageError(`Cannot use the rule "${text}": a rule is written ${FORM}`);
  }
  if (sign === "-" && percent === "%" && value >= 100) {
    throw new UsageError(
      `Cannot use the rule "${text}": nothing falls by more than 100 %; give less`,
    );
  }
  return {
    text,
    pattern: pattern.trim(),
    ...(sign === "+" || sign === "-" ? { sign } : {}),
    amount: value,
    percent: percent === "%",
    source,
  };
}

/** Whether a rule is for a metric. */
export function matches({ pattern }: Pick<Rule, "pattern">, metric: string): boolean {
  const [first = "", ...others] = pattern.split("*");
  if (others.length === 0) return metric === pattern;
  const last = others.pop()!;
  if (!metric.startsWith(first)) return false;
  let place = first.length;
  for (const part of others) {
    const found = metric.indexOf(part, place);
    if (found < 0) return false;
    place = found + part.length;
  }
  return metric.length - place >= last.length && metric.endsWith(last);
}

/**
 * The ways in which a rule takes a figure's change as worse: `+`, `-` or both.
 *
 * @throws {UsageError} where the rule forbids what is better.
 */
export function worseWays(rule: Rule, { metric, better }: FigureName): readonly ("+" | "-")[] {
  const own = better === "lower" ? "+" : better === "higher" ? "-" : undefined;
  if (rule.sign === undefined) return own ? [own] : ["+", "-"];
  if (own !== undefined && own !== rule.sign) {
    throw new UsageError(
      `Cannot use the rule "${rule.text}": ${
        better === "lower" ? "less" : "more"
      } of ${metric} is ` +
        `better; write it with ${own}, or without a sign`,
    );
  }
  return [rule.sign];
}

const SESSION = [
  "throughput.tokens_per_s:-5%",
  "requests.ttft_ms.p50:+10%",
  "requests.tpot_ms.p50:+5%",
  "requests.e2e_ms.p50:+5%",
  "steps.prefill_ms.p50:+5%",
  "steps.decode_ms.p50:+5%",
];
const TRACE = ["steps.*_ms.p50:+5%", "kernels.common_avg_ns:+5%"];

/** Rules where none are given. Those of an automation are of the bundles within it. */
const DEFAULTS: Readonly<Record<BundleKind, readonly string[]>> = {
  session: SESSION,
  torch: TRACE,
  nsys: TRACE,
  ncu: ["kernels.common_avg_ns:+5%"],
  metal: ["captures.request_s.mean:+10%"],
  xctrace: [],
  sweep: ["*.time_us:+5%"],
  automation: [...new Set([...SESSION, ...TRACE])].map((rule) => `*/${rule}`),
};

/**
 * The default rules of a kind of bundle.
 *
 * @example The rules of a sweep
 * ```ts
 * import { defaultRules } from "@vscope/vscope";
 *
 * for (const { text } of defaultRules("sweep")) console.log(text);
 * ```
 */
export function defaultRules(kind: BundleKind): Rule[] {
  return DEFAULTS[kind].map((text) => parseRule(text, "default"));
}
