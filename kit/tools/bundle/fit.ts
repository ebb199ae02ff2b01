/**
 * `vscope bundle fit DIR`.
 *
 * @module
 */

import { boolean, choice } from "../../contract/options.ts";
import { defineTool } from "../../contract/tool.ts";
import { type BundleFit, fitBundle, type FitOfDegree } from "../../sweep/fit/fit_bundle.ts";
import { fitSummary } from "../../sweep/fit/fit_meta.ts";

/** The tool. */
const tool = defineTool({
  name: "bundle fit",
  summary: "compute skew_fit.csv of a sweep from its skew.csv",
  description:
    "Fits alpha by bucket for each TP degree of a sweep, anybody's, and writes tp<N>/skew_fit.csv " +
    "and the skew_fit part of meta.yaml; the rest of meta.yaml stays as it is. With --check " +
    "nothing is written, and exit code 1 says that a file differs. The formula is LLMServingSim's, " +
    "to the last digit.",
  options: {
    check: boolean({ default: false, doc: "Write nothing; compare with the files that are there" }),
    method: choice({
      choices: ["reference"],
      default: "reference",
      doc: "The formula: reference is that of LLMServingSim",
    }),
  },
  operands: [{ name: "DIR", doc: "The sweep's folder", required: true, leadsTo: "folder" }],
  examples: [
    { line: "vscope bundle fit perf/H200/Qwen/Qwen3-0.6B/bf16", why: "writes the fit" },
    { line: "vscope bundle fit --check perf/H200/Qwen/Qwen3-0.6B/bf16", why: "only compares" },
  ],
  async run({ check }, [dir = "."], context) {
    const folder = dir.replace(/(?<=.)\/+$/, "");
    const found = await fitBundle(context.files, folder, { write: !check });
    for (const tp of found.without) {
      context.output.warn(`tp${tp}/skew.csv has no row with an alpha: nothing to fit there`);
    }
    if (found.meta === "absent") {
      context.output.warn(
        `${folder} has no meta.yaml, without which LLMServingSim loads no bundle`,
      );
    } else if (check && found.meta === "disabled" && found.degrees.length > 0) {
      context.output.warn("meta.yaml says that there is no fit: LLMServingSim will not use it");
    }
    const differs = found.degrees.some(({ differing, metaDiffering }) =>
      differing > 0 || metaDiffering.length > 0
    );
    return {
      exitCode: check && differs ? 1 : 0,
      json: found.degrees.map(json),
      text: text(found, check),
    };
  },
});

function json({ tp, fit, differing, metaDiffering }: FitOfDegree) {
  return {
    tp,
    buckets: fit.buckets.length,
    differing,
    ...fitSummary(fit),
    meta_differing: metaDiffering,
  };
}

function text({ degrees }: BundleFit, check: boolean): string {
  return degrees.map(({ tp, fit, differing, metaDiffering }) => {
    const { errors } = fit;
    const lines = [
      `TP ${tp}: ${fit.buckets.length} buckets of ${fit.samples} samples, alpha ` +
      `${fit.alphaDefault} otherwise`,
      ...(errors
        ? [
          `  error of a predicted time: ${percent(errors.p50)} at the median, ` +
          `${percent(errors.p90)} at P90, ${percent(errors.p99)} at P99, ` +
          `${percent(errors.signedMean)} on average with its sign`,
        ]
        : []),
      `  ${
        differing === 0
          ? "skew_fit.csv was the same"
          : `${differing} buckets ${check ? "differ" : "were different or missing"}`
      }`,
    ];
    if (metaDiffering.length > 0) {
      lines.push(`  meta.yaml ${check ? "says" : "said"} otherwise: ${metaDiffering.join(", ")}`);
    }
    return lines.join("\n");
  }).join("\n");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

export default tool;
