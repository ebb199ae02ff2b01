/**
 * `vscope bundle merge SESSION`, and of sweeps `vscope bundle merge SWEEP SWEEP… --out DIR`.
 *
 * @module
 */

import type { Manifest } from "../../bundle/manifest.ts";
import { isSession, mergeSession } from "../../bundle/merge/merge.ts";
import { settleBundle } from "../../bundle/settle.ts";
import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { choice } from "../../contract/options.ts";
import { defineTool } from "../../contract/tool.ts";
import { mergeSweeps } from "../../sweep/merge/merge_sweeps.ts";
import type { OnConflict } from "../../sweep/merge/tables.ts";
import { isSweep } from "../../sweep/validate_sweep.ts";

/** The tool. */
const tool = defineTool({
  name: "bundle merge",
  summary: "make a complete bundle of what a session's hooks left, or one sweep of several",
  description:
    "Merges the tables that the processes of a session wrote each for itself, and writes the " +
    "summaries and bundle.json. It may be repeated, also while the session runs. A bundle of any " +
    "recipe whose vscope was killed is closed as interrupted. Of several sweeps, measured on the " +
    "same kind of machine, a new one is made with the rows of all: it goes to --out.",
  options: {
    onConflict: choice({
      choices: ["refuse", "first", "last"],
      default: "refuse",
      doc: "Of sweeps: which row is kept where two have one of the same key with other times",
    }),
  },
  operands: [{
    name: "BUNDLE",
    doc: "The session's folder, or the folders of sweeps",
    required: true,
    many: true,
    leadsTo: "folder",
  }],
  examples: [
    {
      line: "vscope bundle merge /tmp/vllm_profiling/session_20260124_123456_4711",
      why: "a session of a vLLM that was started without vscope",
    },
    {
      line: "vscope bundle merge host1/bf16 host2/bf16 --out perf/H200/M/bf16",
      why: "one sweep of two",
    },
  ],
  async run({ onConflict }, operands, context, { out }) {
    const dirs = operands.map((dir) => dir.replace(/(?<=.)\/+$/, ""));
    const manifest = dirs.length > 1
      ? await several(context, dirs, out?.replace(/(?<=.)\/+$/, ""), onConflict as OnConflict)
      : await one(context, dirs[0]!, out);
    for (const note of manifest.notes) context.output.note(`${note.severity}: ${note.message}`);
    const exitCode = manifest.status === undefined || manifest.status === "complete" ? 0 : 1;
    return {
      exitCode,
      json: manifest,
      text: `${out ?? dirs[0]}: ${
        manifest.status ?? "still running"
      }, ${manifest.artifacts.length} files`,
    };
  },
});

export default tool;

async function one(
  { files }: RunContext,
  dir: string,
  out: string | undefined,
): Promise<Manifest> {
  if (out !== undefined) {
    throw new UsageError(
      "Cannot merge one bundle to --out: a session is merged where it lies; give several sweeps, or " +
        "leave --out away",
    );
  }
  // A capture has nothing to merge, but may have to be closed.
  const captured = await isSession(files, dir) ? undefined : await settleBundle(files, dir);
  return captured ?? await mergeSession(files, dir);
}

async function several(
  { files, clock }: RunContext,
  dirs: readonly string[],
  out: string | undefined,
  onConflict: OnConflict,
): Promise<Manifest> {
  for (const dir of dirs) {
    if (await isSweep(files, dir)) continue;
    throw new UsageError(
      `Cannot merge "${dir}" with others: it is no sweep, and only sweeps are made one of several; ` +
        "a session is merged alone",
    );
  }
  if (out === undefined) {
    throw new UsageError("Cannot merge sweeps: give --out DIR, the folder of the new one");
  }
  return await mergeSweeps(files, dirs, out, onConflict, clock.now());
}
