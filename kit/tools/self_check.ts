/**
 * `vscope self-check`.
 *
 * @module
 */

import { HOOK_FILES } from "../../hooks/embedded.ts";
import { defineTool } from "../contract/tool.ts";
import { VERSION } from "../contract/version.ts";
import { alteredHookFiles } from "../engine/hooks_package.ts";

/** The tool. */
const tool = defineTool({
  name: "self-check",
  summary: "whether vscope's own parts are unchanged",
  description: "Compares the embedded Python hooks with the checksums they were built with.",
  options: {},
  operands: [],
  examples: [{ line: "vscope self-check", why: "after a download" }],
  run() {
    const altered = alteredHookFiles();
    return Promise.resolve({
      exitCode: altered.length === 0 ? 0 : 1,
      json: { schema_version: 1, version: VERSION, files: HOOK_FILES.length, altered },
      text: altered.length === 0
        ? `vscope ${VERSION}: all ${HOOK_FILES.length} embedded files are as they were built`
        : `Altered: ${altered.join(", ")}; download vscope again`,
    });
  },
});

export default tool;
