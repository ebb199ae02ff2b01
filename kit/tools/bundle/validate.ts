/**
 * `vscope bundle validate BUNDLE`.
 *
 * @module
 */

import { settleBundle } from "../../bundle/settle.ts";
import { validateBundle } from "../../bundle/validate.ts";
import { UsageError } from "../../contract/errors.ts";
import { boolean } from "../../contract/options.ts";
import { defineTool } from "../../contract/tool.ts";
import { type HeldOut, leaveOneOut } from "../../sweep/predict/leave_one_out.ts";
import { percentText } from "../../sweep/predict/errors.ts";
import { isSweep, validateSweep } from "../../sweep/validate_sweep.ts";
import { textTable } from "../analyze/text_table.ts";

/** The tool. */
const tool = defineTool({
  name: "bundle validate",
  summary: "compare a bundle's files with its manifest",
  description:
    "Checks that every file of the manifest is there with its size and checksum, that no other " +
    "is, and that each table has the columns of its schema. A sweep, also one that another tool " +
    "made, is checked for the layout that LLMServingSim reads. Exit code 1 where something is " +
    "wrong. With --leave-one-out points of a sweep's tables are held out and predicted from the " +
    "others, which is the error of interpolation, by table.",
  options: {
    leaveOneOut: boolean({
      default: false,
      doc: "Hold each point of a sweep out, and tell how far its prediction is from it",
    }),
  },
  operands: [{ name: "BUNDLE", doc: "The bundle's folder", required: true, leadsTo: "folder" }],
  examples: [
    { line: "vscope bundle validate run1", why: "after it was copied" },
    {
      line: "vscope bundle validate --leave-one-out perf/H200/Qwen/Qwen3-0.6B/bf16",
      why: "how well a sweep interpolates",
    },
  ],
  async run({ leaveOneOut: holdOut }, [dir = "."], context) {
    const manifest = await settleBundle(context.files, dir);
    const sweep = await isSweep(context.files, dir);
    if (holdOut && !sweep) {
      throw new UsageError(
        `Cannot hold points of "${dir}" out: it is no sweep; give a folder that holds tp1, tp2 …`,
      );
    }
    const problems = [
      ...(sweep && !manifest ? [] : await validateBundle(context.files, dir)),
      ...(sweep ? await validateSweep(context.files, dir) : []),
    ];
    const held = holdOut ? await leaveOneOut(context.files, dir) : undefined;
    const told = problems.length === 0
      ? `${dir}: nothing is wrong`
      : problems.map(({ path, message }) => `${path}: ${message}`).join("\n");
    return {
      exitCode: problems.length === 0 ? 0 : 1,
      json: {
        schema_version: 1,
        bundle: dir,
        problems,
        ...(held ? { leave_one_out: held } : {}),
      },
      text: held ? `${told}\n\n${await heldText(held)}` : told,
    };
  },
});

async function heldText(held: readonly HeldOut[]): Promise<string> {
  if (held.length === 0) return "No table has a point between two others";
  const rows = held.flatMap(({ tp, category, axes, ...all }) => {
    const lines = axes.length > 1 ? [{ axis: "", ...all }, ...axes] : axes;
    return lines.map(({ axis, interpolated, reference }) => [
      `tp${tp} ${category}`,
      axis,
      interpolated.count,
      percentText(interpolated.median),
      percentText(interpolated.p90),
      percentText(interpolated.signed_mean, true),
      percentText(reference.median),
      percentText(reference.p90),
      percentText(reference.signed_mean, true),
    ]);
  });
  return "Each point predicted from its neighbours, and how LLMServingSim would:\n" +
    await textTable(
      ["table", "axis", "points", "median", "P90", "mean", "its median", "its P90", "its mean"],
      rows,
    );
}

export default tool;
