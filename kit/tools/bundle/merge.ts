/**
 * `vscope bundle merge SESSION`.
 *
 * @module
 */

import { isSession, mergeSession } from "../../bundle/merge.ts";
import { settleBundle } from "../../bundle/settle.ts";
import { defineTool } from "../../contract/tool.ts";

/** The tool. */
const tool = defineTool({
  name: "bundle merge",
  summary: "make a complete bundle of what the hooks of a session left",
  description:
    "Merges the tables that the processes of a session wrote each for itself, and writes the " +
    "summaries and bundle.json. It may be repeated, also while the session runs. A bundle of any " +
    "recipe whose vscope was killed is closed as interrupted.",
  options: {},
  operands: [{ name: "SESSION", doc: "The session's folder", required: true, leadsTo: "folder" }],
  examples: [{
    line: "vscope bundle merge /tmp/vllm_profiling/session_20260124_123456_4711",
    why: "a session of a vLLM that was started without vscope",
  }],
  async run(_values, [dir = "."], context) {
    const folder = dir.replace(/(?<=.)\/+$/, "");
    // A capture has nothing to merge, but may have to be closed.
    const captured = await isSession(context.files, folder)
      ? undefined
      : await settleBundle(context.files, folder);
    const manifest = captured ?? await mergeSession(context.files, folder);
    for (const note of manifest.notes) context.output.note(`${note.severity}: ${note.message}`);
    const exitCode = manifest.status === undefined || manifest.status === "complete" ? 0 : 1;
    return {
      exitCode,
      json: manifest,
      text: `${dir}: ${manifest.status ?? "still running"}, ${manifest.artifacts.length} files`,
    };
  },
});

export default tool;
