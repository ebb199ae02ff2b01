/**
 * `vscope completions SHELL`.
 *
 * @module
 */

import { recipes } from "../../recipes/registry.ts";
import {
  type CompletableCommand,
  completionScript,
  type Shell,
  SHELLS,
} from "../contract/completions.ts";
import { defineTool } from "../contract/tool.ts";
import { tools } from "./registry.ts";

/** The tool. */
const tool = defineTool({
  name: "completions",
  summary: "completions for bash, zsh or fish",
  description: "Prints a script that completes recipes, tools, options and their values.",
  options: {},
  operands: [{ name: "SHELL", doc: "bash, zsh or fish", required: true, choices: SHELLS }],
  examples: [{ line: "source <(vscope completions bash)", why: "for this shell" }],
  async run(_values, [shell]) {
    const script = completionScript(shell as Shell, await commands());
    return { exitCode: 0, json: { schema_version: 1, shell, script }, text: script.trimEnd() };
  },
});

export default tool;

async function commands(): Promise<CompletableCommand[]> {
  const found: CompletableCommand[] = [];
  for (const entry of recipes) {
    const { name, summary, options, commands } = (await entry.load()).default;
    const words = commands?.map((command) => command.name);
    found.push({ name, summary, options, ...(words ? { words } : {}) });
  }
  for (const entry of tools) {
    const { default: loaded } = await entry.load();
    const words = "commands" in loaded
      ? loaded.commands.map(({ name }) => name)
      : loaded.operands.flatMap(({ choices }) => choices ?? []);
    // One list of flags for all commands of a group.
    const options = "commands" in loaded
      ? Object.assign(
        {},
        ...await Promise.all(
          loaded.commands.map(async (command) => (await command.load()).default.options),
        ),
      )
      : loaded.options;
    found.push({ name: entry.name, summary: entry.summary, options, words });
  }
  return found;
}
