/**
 * `vscope self-check`.
 *
 * @module
 */

import { HOOK_FILES } from "../../hooks/embedded.ts";
import { defineTool } from "../contract/tool.ts";
import { isAsBuilt } from "../contract/verified_text.ts";
import { VERSION } from "../contract/version.ts";
import { alteredHookFiles } from "../engine/python/hooks_package.ts";
import { alteredRunners } from "../engine/python/runners.ts";
import { RUNNER_FILES } from "../engine/python/runner_files.ts";
import { alteredParts, unpackedParts } from "../engine/unpacked_parts.ts";

/** The tool. */
const tool = defineTool({
  name: "self-check",
  summary: "whether vscope's own parts are unchanged",
  description:
    "Compares everything that vscope embeds (Python hooks and scripts, configurations, parts of the " +
    "report) with the checksums it was built with, and the parts of the single file with those it " +
    "came with. It finds damage and careless changes, and nobody who changed the checksums as well: " +
    "for that, compare the download with the checksum of the release.",
  options: {},
  operands: [],
  examples: [{ line: "vscope self-check", why: "after a download" }],
  async run(_values, _operands, { files }) {
    const { TEXTS } = await import("./self_check/texts.ts");
    const unpacked = await unpackedParts(files);
    const altered = [
      ...alteredHookFiles(),
      ...alteredRunners(),
      ...Object.entries(TEXTS).filter(([path, text]) => !isAsBuilt(path, text)).map(([path]) =>
        path
      ),
      ...unpacked ? await alteredParts(files, unpacked) : [],
    ];
    const parts = Object.keys(unpacked?.parts.sha256 ?? {}).length;
    const count = HOOK_FILES.length + RUNNER_FILES.length + Object.keys(TEXTS).length;
    return {
      exitCode: altered.length === 0 ? 0 : 1,
      json: { schema_version: 1, version: VERSION, files: count, parts, altered },
      text: altered.length === 0
        ? `vscope ${VERSION}: all ${count} embedded files are as they were built` +
          (unpacked ? `, and so are ${parts} parts of the single file` : "")
        : `Altered: ${altered.join(", ")}; download vscope again`,
    };
  },
});

export default tool;
