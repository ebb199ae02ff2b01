/**
 * `vscope hooks DIR`.
 *
 * @module
 */

import { defineTool } from "../contract/tool.ts";
import { PLUGIN_NAME, writeHooks } from "../engine/python/hooks_package.ts";
import { absolute } from "../engine/session/session_plan.ts";

/** Text as one word of a POSIX shell. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The tool. */
const tool = defineTool({
  name: "hooks",
  summary: "the Python hooks, for a vLLM that is started without vscope",
  description:
    "Writes the verified Python hooks to a folder and prints the lines that make a vLLM load " +
    "them. The processes of that vLLM then leave a session under VLLM_PROFILING_DIR, which " +
    '"vscope bundle merge" turns into a bundle.',
  options: {},
  operands: [{ name: "DIR", doc: "The folder to write to", required: true, leadsTo: "folder" }],
  examples: [{ line: 'eval "$(vscope hooks ~/vscope-hooks)" && vllm serve …', why: "in one line" }],
  async run(_values, [given = "."], context) {
    const dir = absolute(given, context.cwd).replace(/(?<=.)\/+$/, "");
    await writeHooks(context.files, dir);
    return {
      exitCode: 0,
      json: { schema_version: 1, dir, plugin: PLUGIN_NAME },
      text: [
        `export PYTHONPATH=${shellWord(dir)}"\${PYTHONPATH:+:$PYTHONPATH}"`,
        // VLLM_PLUGINS is an allow-list only where it is set.
        `[ -z "\${VLLM_PLUGINS+set}" ] || export VLLM_PLUGINS="\${VLLM_PLUGINS:+$VLLM_PLUGINS,}${PLUGIN_NAME}"`,
        'export VLLM_PROFILING_DIR="${VLLM_PROFILING_DIR:-/tmp/vllm_profiling}"',
      ].join("\n"),
    };
  },
});

export default tool;
