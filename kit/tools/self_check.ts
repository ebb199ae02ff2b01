/**
 * `vscope self-check`.
 *
 * @module
 */

import { HOOK_FILES } from "../../hooks/embedded.ts";
import { defineTool } from "../contract/tool.ts";
import { VERSION } from "../contract/version.ts";
import { alteredHookFiles } from "../engine/hooks_package.ts";
import { alteredRunners } from "../engine/runners.ts";
import { RUNNER_FILES } from "../engine/runner_files.ts";

/** The tool. */
const tool = defineTool({
  name: "self-check",
  summary: "whether vscope's own parts are unchanged",
  description:
    "Compares the embedded Python hooks and scripts with the checksums they were built with.",
  options: {},
  operands: [],
  examples: [{ line: "vscope self-check", why: "after a download" }],
  run() {
    const altered = [...alteredHookFiles(), ...alteredRunners()];
    const count = HOOK_FILES.length + RUNNER_FILES.length;
    return Promise.resolve({
      exitCode: altered.length === 0 ? 0 : 1,
      json: { schema_version: 1, version: VERSION, files: count, altered },
      text: altered.length === 0
        ? `vscope ${VERSION}: all ${count} embedded files are as they were built`
        : `Altered: ${altered.join(", ")}; download vscope again`,
    });
  },
});

export default tool;
