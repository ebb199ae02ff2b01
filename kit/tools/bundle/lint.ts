/**
 * `vscope bundle lint DIR`.
 *
 * @module
 */

import { defineTool } from "../../contract/tool.ts";
import { lintBundle } from "../../sweep/lint/lint.ts";

/** The tool. */
const tool = defineTool({
  name: "bundle lint",
  summary: "what is wrong with the contents of a sweep, anybody's",
  description:
    "Looks for alphas that are noise, skew times that are a multiple of those in attention.csv, a " +
    "meta.yaml that contradicts the files, rows of several sweeps, missing layers, times that are " +
    "no numbers or fall where shapes grow, and keys that are there twice. Exit code 1 where there " +
    "is any.",
  options: {},
  operands: [{ name: "DIR", doc: "The sweep's folder", required: true, leadsTo: "folder" }],
  examples: [{
    line: "vscope bundle lint perf/H200/Qwen/Qwen3-0.6B/bf16",
    why: "before it is used",
  }],
  async run(_values, [dir = "."], context) {
    const folder = dir.replace(/(?<=.)\/+$/, "");
    const findings = await lintBundle(context.files, folder, context.cwd);
    return {
      exitCode: findings.length === 0 ? 0 : 1,
      json: findings,
      text: findings.length === 0
        ? `${dir}: nothing is wrong`
        : findings.map(({ rule, severity, file, rows, message }) =>
          `${severity}: ${file}: ${message} [${rule}${rows > 0 ? `, ${rows} rows` : ""}]`
        ).join("\n"),
    };
  },
});

export default tool;
