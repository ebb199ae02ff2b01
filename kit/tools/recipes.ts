/**
 * `vscope recipes`.
 *
 * @module
 */

import { recipes } from "../../recipes/registry.ts";
import { UsageError } from "../contract/errors.ts";
import { jsonSchema } from "../contract/json_schema.ts";
import { envOf } from "../contract/option.ts";
import { boolean, text } from "../contract/options.ts";
import { configTemplate } from "../contract/template.ts";
import { CONFIG_NAME } from "../contract/config.ts";
import { defineTool } from "../contract/tool.ts";
import { loadTable } from "../deps.ts";
import { absolute } from "../engine/session/session_plan.ts";

/** The tool. */
const tool = defineTool({
  name: "recipes",
  summary: "the recipes with their options, as a table, as JSON Schemas or as vscope.yaml",
  description:
    "Lists the recipes. With --json each comes with the JSON Schema of its options; with " +
    "--template NAME the options of one are written to vscope.yaml, with their defaults and what " +
    "they do, to be edited in place.",
  options: {
    template: text({ doc: "Write vscope.yaml with every option of this recipe" }),
    force: boolean({ default: false, doc: "With --template: write over a file that is there" }),
  },
  operands: [],
  examples: [
    { line: "vscope recipes --json", why: "for programs" },
    { line: "vscope recipes --template monitor", why: "a vscope.yaml to start from" },
  ],
  async run(values, _operands, context, common) {
    if (values.template !== undefined) {
      const target = absolute(common.out ?? CONFIG_NAME, context.cwd);
      await writeTemplate(context.files, values.template, target, values.force);
      return { exitCode: 0, json: { schema_version: 1, path: target }, text: target };
    }
    if (common.json) return { exitCode: 0, json: await catalogue() };
    const { default: Table } = await loadTable();
    const table = new Table({ head: ["recipe", "does"], style: { head: [], border: [] } });
    for (const { name, summary } of recipes) table.push([name, summary]);
    return { exitCode: 0, text: table.toString() };
  },
});

export default tool;

async function catalogue(): Promise<object> {
  const loaded = await Promise.all(recipes.map(async (entry) => (await entry.load()).default));
  return {
    schema_version: 1,
    recipes: loaded.map(({ name, summary, options, examples, command }) => ({
      name,
      summary,
      command,
      schema: jsonSchema(name, summary, options),
      env: Object.entries(options).map(([key, option]) => envOf(key, option)),
      examples,
    })),
  };
}

async function writeTemplate(
  files: Pick<typeof Deno, "writeTextFile">,
  name: string,
  target: string,
  force: boolean,
): Promise<void> {
  const entry = recipes.find((recipe) => recipe.name === name);
  if (!entry) {
    throw new UsageError(
      `Cannot write a template: there is no recipe "${name}"; ` +
        `give one of ${recipes.map((recipe) => recipe.name).join(", ")}`,
    );
  }
  const { options } = (await entry.load()).default;
  try {
    await files.writeTextFile(target, configTemplate(name, options), { createNew: !force });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new UsageError(
      `Cannot write ${target}: the file is there already; give --force, or another with --out`,
    );
  }
}
