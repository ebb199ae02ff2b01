/**
 * `vscope report BUNDLE`.
 *
 * @module
 */

import { settleBundle } from "../bundle/settle.ts";
import { path as pathOption } from "../contract/options.ts";
import { defineTool } from "../contract/tool.ts";
import { absolute } from "../engine/session/session_plan.ts";
import { generateReport } from "../report/generate.ts";

/** The tool. */
const tool = defineTool({
  name: "report",
  summary: "one HTML page of a bundle",
  description:
    "Writes one HTML file that opens from disk and needs no network. A session that has not been " +
    "merged is merged first; one that still runs is shown as it is so far.",
  options: {
    against: pathOption({ leadsTo: "folder", doc: "Another sweep, drawn over this one" }),
  },
  operands: [{ name: "BUNDLE", doc: "The bundle's folder", required: true, leadsTo: "folder" }],
  examples: [
    { line: "vscope report run1 --out run1.html", why: "a page to send to somebody" },
    {
      line: "vscope report --against perf/H100/Qwen/Qwen3-0.6B/bf16 perf/H200/Qwen/Qwen3-0.6B/bf16",
      why: "two sweeps on one page",
    },
  ],
  async run({ against }, [given = "."], context, common) {
    const dir = given.replace(/(?<=.)\/+$/, "");
    await settleBundle(context.files, dir);
    const target = common.out === undefined ? undefined : absolute(common.out, context.cwd);
    const { path, findings } = await generateReport(
      context.files,
      dir,
      target,
      against?.replace(/(?<=.)\/+$/, ""),
    );
    return { exitCode: 0, json: { schema_version: 1, path, findings }, text: path };
  },
});

export default tool;
