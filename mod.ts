/**
 * The public API of vscope: what a recipe is made of, and what works on bundles. docs/api.md has an
 * example for each part of it.
 *
 * ```ts
 * import { analyzeSession } from "@vscope/vscope";
 *
 * const session = await analyzeSession(Deno, "perf/examples/session");
 * console.log(session.requestCount);
 * ```
 *
 * @module
 */

export type { Arguments } from "./kit/contract/argv.ts";
export { type CommonOptions, commonOptions, type CommonValues } from "./kit/contract/common.ts";
export * from "./kit/contract/context.ts";
export * from "./kit/contract/errors.ts";
export * from "./kit/contract/option.ts";
export * from "./kit/contract/options.ts";
export * from "./kit/contract/recipe.ts";
export * from "./kit/contract/resolve.ts";
export * from "./kit/contract/tool.ts";
export { executeRecipe, executeTool } from "./kit/contract/execute.ts";
export { VERSION } from "./kit/contract/version.ts";
export { systemContext, type Talk } from "./kit/engine/system/context.ts";
export { runAlone } from "./kit/engine/main.ts";
export * from "./kit/bundle/manifest.ts";
export { readManifest } from "./kit/bundle/manifest_file.ts";
export { type Ending, mergeSession, needsMerge } from "./kit/bundle/merge/merge.ts";
export { type Problem, validateBundle } from "./kit/bundle/validate.ts";
export type { Column, ColumnType } from "./kit/bundle/session/session_columns.ts";
export * from "./kit/bundle/session/session_tables.ts";
export * from "./kit/analysis/session.ts";
export type { OwnColumn, OwnTable } from "./kit/bundle/session/own_tables.ts";
export type { ScrapeRecord } from "./kit/bundle/vllm_metrics_files.ts";
export type { ExpertAnalysis, ExpertPair, LayerLoad } from "./kit/analysis/experts.ts";
export type { GraphAnalysis, GraphUse } from "./kit/analysis/graphs.ts";
export type { OwnAnalysis, OwnNumbers, OwnWords } from "./kit/analysis/own_tables.ts";
export type { SessionUtilization } from "./kit/analysis/session_utilization.ts";
export type { MeasuredModel } from "./kit/analysis/utilization/measured_model.ts";
export type { PhaseUtilization, Precision } from "./kit/analysis/utilization/utilization.ts";
export type { Compared, VllmComparison } from "./kit/analysis/vllm_metrics/compare.ts";
export type { Points } from "./kit/analysis/downsample.ts";
export type { Statistics } from "./kit/bundle/merge/samples.ts";
export { type Finding, findSessionFindings } from "./kit/analysis/findings.ts";
export { generateReport } from "./kit/report/generate.ts";
export type { LintFinding } from "./kit/sweep/lint/finding.ts";
export { lintBundle } from "./kit/sweep/lint/lint.ts";
export { readCompared } from "./kit/compare/read_bundle.ts";
export * from "./kit/compare/figure.ts";
export {
  type ComparedSource,
  diffBundles,
  type DiffDocument,
  type Difference,
  type DiffFigure,
  type DiffVerdict,
  type NotCompared,
} from "./kit/compare/diff.ts";
export {
  gateBundles,
  type GateDocument,
  type GateVerdict,
  type Judged,
} from "./kit/compare/gate.ts";
export { defaultRules, parseRule, type Rule } from "./kit/compare/rules.ts";
export type { Basis, Change } from "./kit/compare/change.ts";
