/**
 * The command line: finds the recipe or the tool, which is loaded only then, and runs it.
 *
 * @module
 */

import type { RunContext } from "./kit/contract/context.ts";
import { VERSION } from "./kit/contract/version.ts";
import { exitWith } from "./kit/engine/main.ts";
import { tools } from "./kit/tools/registry.ts";
import { recipes } from "./recipes/registry.ts";

/** Runs a command line; returns the exit code. */
export async function runCli(argv: readonly string[], context: RunContext): Promise<number> {
  const [name = "--help", ...rest] = argv;
  if (name === "--help" || name === "-h" || name === "help") {
    context.output.result(overview());
    return 0;
  }
  if (name === "--version" || name === "-V") {
    const { unpackedParts } = await import("./kit/engine/unpacked_parts.ts");
    const one = await unpackedParts(context.files);
    context.output.result(one ? `${VERSION} (${one.parts.kind}; Deno ${one.parts.deno})` : VERSION);
    return 0;
  }
  const recipe = recipes.find((entry) => entry.name === name);
  if (recipe) {
    const { executeRecipe } = await import("./kit/contract/execute.ts");
    return await executeRecipe((await recipe.load()).default, rest, context);
  }
  const tool = tools.find((entry) => entry.name === name);
  if (tool) {
    const { executeTool, executeGroup } = await import("./kit/contract/execute.ts");
    const { default: loaded } = await tool.load();
    return "commands" in loaded
      ? await executeGroup(loaded, rest, context)
      : await executeTool(loaded, rest, context);
  }
  const { suggestion } = await import("./kit/contract/suggest.ts");
  const known = [...recipes, ...tools].map((entry) => entry.name);
  context.output.error(
    `Cannot run "${name}": there is no such recipe or tool${await suggestion(name, known)} ` +
      '(see "vscope --help")',
  );
  return 2;
}

function overview(): string {
  const list = (entries: readonly { name: string; summary: string }[]) =>
    entries.map(({ name, summary }) => `  ${name.padEnd(13)}${summary}`).join("\n");
  return `vscope ${VERSION}: where a vLLM spends its time and memory

Usage: vscope RECIPE [options] [-- COMMAND…]
       vscope TOOL [operands] [options]

Recipes:
${list(recipes)}

Tools:
${list(tools)}

"vscope NAME --help" tells the options of each. A start: vscope quickstart`;
}

if (import.meta.main) await exitWith(Deno.args, (context) => runCli(Deno.args, context));
