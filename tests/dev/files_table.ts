/**
 * The files that each recipe leaves, as the plans of its examples have them.
 *
 * @module
 */

import { executeRecipe } from "../../kit/contract/execute.ts";
import { systemContext } from "../../kit/engine/system/context.ts";
import { SESSION_TABLES } from "../../kit/bundle/session/session_tables.ts";
import { recipes } from "../../recipes/registry.ts";
import { ROOT } from "./run.ts";

interface PlannedFile {
  readonly path: string;
  readonly why: string;
}

const TABLES = new Set<string>(Object.values(SESSION_TABLES).map(({ path }) => path));

/** Markdown: recipes with the same files share a table. Tables of sessions and bundles within one are left out. */
export async function filesTable(): Promise<string> {
  const byRows = new Map<string, string[]>();
  for (const { name } of recipes) {
    const rows = (await filesOf(name)).filter(({ path }) => !TABLES.has(path) && !isNested(path))
      .map(({ path, why }) => `| \`${path}\` | ${why} |`).join("\n");
    if (rows !== "") byRows.set(rows, [...byRows.get(rows) ?? [], `\`${name}\``]);
  }
  return [...byRows].map(([rows, names]) =>
    [`${names.join(", ")}:`, "", "| file | holds |", "|---|---|", rows].join("\n")
  ).join("\n\n");
}

function isNested(path: string): boolean {
  return /^(nsys|ncu|moe)\//.test(path);
}

/**
 * Every file that the plan of an example names, in their order; sweeps have a folder for each TP degree,
 * batches one for each sweep.
 */
async function filesOf(name: string): Promise<PlannedFile[]> {
  const recipe = (await recipes.find((entry) => entry.name === name)!.load()).default;
  const found = new Map<string, PlannedFile>();
  for (const { line } of recipe.examples) {
    const words = line.split(" ").slice(2).map((word) => word.replaceAll("'", ""));
    for (const { path, why } of await planned(name, words)) {
      if (path.startsWith("/")) continue; // outside of the bundle, by an option
      const each = path.replace(/^tp\d+\//, "tp<N>/")
        .replace(/^[^/]+\/[^/]+\/[^/]+\/$/, "<org>/<name>/<variant>/");
      const one = { path: each, why: why.replace(/ at TP degree \d+$/, "") };
      if (!found.has(each)) found.set(each, one);
    }
  }
  return [...found.values()];
}

/** The files of a plan; none where the line plans no run, or needs a file that is not here. */
async function planned(name: string, words: readonly string[]): Promise<PlannedFile[]> {
  const recipe = (await recipes.find((entry) => entry.name === name)!.load()).default;
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  let printed = "";
  const output = {
    ...context.output,
    result: (text: string) => void (printed += text),
    warn() {},
    error() {},
  };
  const args = ["--dry-run", "--json", ...words];
  const code = await executeRecipe(recipe, args, {
    ...context,
    env: { HOME: "/home/me" },
    cwd: ROOT,
    output,
  });
  await close();
  return code === 0 ? JSON.parse(printed).files ?? [] : [];
}
