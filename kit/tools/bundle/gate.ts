/**
 * `vscope bundle gate BASE NEW`.
 *
 * @module
 */

import { byMetric } from "../../compare/change.ts";
import { gateBundles, type GateDocument, type GateVerdict } from "../../compare/gate.ts";
import { junitOf } from "../../compare/junit.ts";
import { readCompared } from "../../compare/read_bundle.ts";
import { defaultRules, matches, parseRule, type Rule } from "../../compare/rules.ts";
import type { BundleKind } from "../../compare/figure.ts";
import {
  differencesText,
  differenceText,
  figureText,
  intervalText,
  moved,
} from "../../compare/words.ts";
import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { boolean, list, path, text } from "../../contract/options.ts";
import { defineTool, type ToolResult } from "../../contract/tool.ts";
import { textTable } from "../analyze/text_table.ts";
import { readSides, sideOptions, warnOf, writeWhole } from "./sides.ts";

/** Word that stands for the default rules. */
const DEFAULTS = "defaults";

/** The tool. */
const tool = defineTool({
  name: "bundle gate",
  summary: "exit code 1 where a new bundle is worse than its base, beyond noise",
  description:
    "Judges figures of a new bundle against those of a base. A figure fails where it is worse by " +
    "more than its rule allows and by more than noise: what repeats differ by, where --base and " +
    "--new give more runs, else what stretches of the two runs differ by. Without --rule there are rules " +
    "for each kind of bundle, which --list-metrics tells. Exit code 0: nothing failed; 1: something " +
    "did; 2: nothing could be judged.",
  options: {
    ...sideOptions,
    rule: list({
      of: text({ doc: "A rule" }),
      doc: "METRIC:+10%, how much worse a metric may become; * stands for any text; " +
        "may be given several times, and defaults stands for the rules that apply otherwise",
    }),
    junit: path({ leadsTo: "file", doc: "Write the verdicts to this file, as JUnit XML" }),
    listMetrics: boolean({
      default: false,
      doc: "List the metrics of BASE with the default rules, and judge nothing",
    }),
  },
  operands: [
    { name: "BASE", doc: "The folder of what was before", required: false, leadsTo: "folder" },
    { name: "NEW", doc: "The folder of what is judged", required: false, leadsTo: "folder" },
  ],
  examples: [
    { line: "vscope bundle gate main-run pr-run", why: "by the default rules" },
    {
      line: "vscope bundle gate m1 p1 --base m2 --base m3 --new p2 --new p3 --junit gate.xml",
      why: "three runs of each, for a CI server",
    },
    {
      line: "vscope bundle gate m1 p1 --rule requests.ttft_ms.p50:+10% --rule steps.*.p50:+5%",
      why: "rules of your own",
    },
    { line: "vscope bundle gate --list-metrics main-run", why: "what rules can be for" },
  ],
  async run({ confidence, rule, junit, listMetrics, ...more }, operands, context, { json }) {
    if (listMetrics) return await metricsOf(context, operands, json);
    const given = rule?.map((one) => one === DEFAULTS ? undefined : parseRule(one));
    const [base, fresh] = await readSides(context, "gate", operands, more);
    warnOf(context, [...base, ...fresh]);
    const document = await gateBundles(
      base,
      fresh,
      rulesOf(base[0]!.kind, given),
      confidence,
    );
    warnOfGate(context, document);
    if (junit !== undefined) await writeWhole(context, junit, await junitOf(document));
    return {
      exitCode: document.passed ? 0 : 1,
      json: document,
      ...(json ? {} : { text: await textOf(document) }),
    };
  },
});

export default tool;

/** Default rules stand before those that were given, which count where both fit. */
function rulesOf(kind: BundleKind, given: readonly (Rule | undefined)[] | undefined): Rule[] {
  const own = given?.flatMap((rule) => rule ?? []) ?? [];
  return given === undefined || given.includes(undefined) ? [...defaultRules(kind), ...own] : own;
}

function warnOfGate({ output }: RunContext, { differences, judged }: GateDocument): void {
  const load = differences.filter(({ subject }) => subject === "load");
  if (load.length > 0) {
    output.warn(
      `The load was not the same (${
        load.map(differenceText).join("; ")
      }): times and rates depend on it`,
    );
  }
  const unknown = judged.filter(({ verdict }) => verdict === "unknown").length;
  if (unknown > 0) {
    output.warn(
      `Nothing tells the noise of ${
        unknown === 1 ? "a figure, and it is" : `${unknown} figures, and they are`
      } ` +
        "not judged: give repeats, or a rule",
    );
  }
}

async function metricsOf(
  { files }: RunContext,
  operands: readonly string[],
  json: boolean,
): Promise<ToolResult> {
  const [dir, more] = operands;
  if (dir === undefined || more !== undefined) {
    throw new UsageError("Cannot list metrics: give one bundle, as --list-metrics BUNDLE");
  }
  const bundle = await readCompared(files, dir);
  const rules = defaultRules(bundle.kind);
  const metrics = [...byMetric(bundle).values()].map(({ metric, unit, better, scale }) => {
    const rule = rules.findLast((one) => matches(one, metric))?.text;
    return {
      metric,
      unit,
      scale,
      ...(better ? { better } : {}),
      ...(rule === undefined ? {} : { default_rule: rule }),
    };
  });
  return {
    exitCode: 0,
    json: { schema_version: 1, kind: "gate-metrics", compared: bundle.kind, metrics },
    ...(json ? {} : {
      text: await textTable(
        ["metric", "unit", "better", "default rule"],
        metrics.map((one) => [one.metric, one.unit, one.better ?? "", one.default_rule ?? ""]),
      ),
    }),
  };
}

const WORDS: Readonly<Record<GateVerdict, string>> = {
  regression: "REGRESSION",
  improvement: "better",
  within_limit: "within the limit",
  within_noise: "within noise",
  unknown: "noise not known",
};

async function textOf(document: GateDocument): Promise<string> {
  const { base, differences, judged, passed, assumptions } = document;
  const paths = (side: GateDocument["base"]) => side.map(({ path }) => path).join(", ");
  const known = judged.filter(({ verdict }) => verdict !== "unknown").length;
  const failed = judged.filter(({ verdict }) => verdict === "regression");
  return [
    `Base: ${paths(base)}\nNew: ${paths(document.new)}`,
    ...(differences.length === 0 ? [] : [differencesText(differences)]),
    await textTable(
      ["figure", "unit", "base", "new", "change", "interval", "rule", ""],
      judged.map((one) => [
        one.metric,
        one.unit,
        figureText(one.a),
        figureText(one.b),
        moved(one.change, one),
        intervalText(one),
        one.rule.slice(one.rule.lastIndexOf(":") + 1),
        WORDS[one.verdict],
      ]),
    ),
    assumptions.join("\n"),
    passed
      ? `Passed: none of ${known} figures is worse beyond its rule and noise` +
        (known < judged.length ? `; ${judged.length - known} were not judged` : "")
      : `Failed: ${failed.map(({ metric }) => metric).join(", ")}`,
  ].join("\n\n");
}
