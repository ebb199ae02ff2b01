/**
 * `vscope bundle validate BUNDLE`.
 *
 * @module
 */

import { settleBundle } from "../../bundle/settle.ts";
import { validateBundle } from "../../bundle/validate.ts";
import { defineTool } from "../../contract/tool.ts";
import { isSweep, validateSweep } from "../../sweep/validate_sweep.ts";

/** The tool. */
const tool = defineTool({
  name: "bundle validate",
  summary: "compare a bundle's files with its manifest",
  description:
    "Checks that every file of the manifest is there with its size and checksum, that no other " +
    "is, and that each table has the columns of its schema. A sweep, also one that another tool " +
    "made, is checked for the layout that LLMServingSim reads. Exit code 1 where something is wrong.",
  options: {},
  operands: [{ name: "BUNDLE", doc: "The bundle's folder", required: true, leadsTo: "folder" }],
  examples: [{ line: "vscope bundle validate run1", why: "after it was copied" }],
  async run(_values, [dir = "."], context) {
    const manifest = await settleBundle(context.files, dir);
    const sweep = await isSweep(context.files, dir);
    const problems = [
      ...(sweep && !manifest ? [] : await validateBundle(context.files, dir)),
      ...(sweep ? await validateSweep(context.files, dir) : []),
    ];
    return {
      exitCode: problems.length === 0 ? 0 : 1,
      json: { schema_version: 1, bundle: dir, problems },
      text: problems.length === 0
        ? `${dir}: nothing is wrong`
        : problems.map(({ path, message }) => `${path}: ${message}`).join("\n"),
    };
  },
});

export default tool;
