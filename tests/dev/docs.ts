/**
 * `./dev docs`: the option tables in docs/, from the recipes themselves.
 *
 * @module
 */

import { docsTable } from "../../kit/contract/docs_table.ts";
import { commonOptions } from "../../kit/contract/common.ts";
import type { Options } from "../../kit/contract/option.ts";
import { recipes } from "../../recipes/registry.ts";
import { ROOT, say } from "./run.ts";

/** Writes the tables between their marks; with `check` only compares. Returns the exit code. */
export async function docs(check: boolean): Promise<number> {
  const stale = await staleDocs(!check);
  for (const path of stale) await say(`${path} ${check ? "is stale: run ./dev docs" : "written"}`);
  return check && stale.length > 0 ? 1 : 0;
}

/** Docs whose tables are not those of the recipes; written anew with `write`. */
export async function staleDocs(write: boolean): Promise<string[]> {
  const options: Record<string, Options> = { common: commonOptions };
  for (const entry of recipes) options[entry.name] = (await entry.load()).default.options;
  const stale: string[] = [];
  for await (const entry of Deno.readDir(`${ROOT}/docs`)) {
    if (!entry.name.endsWith(".md")) continue;
    const path = `${ROOT}/docs/${entry.name}`;
    const text = await Deno.readTextFile(path);
    const fresh = text.replace(
      /(<!-- options:([\w-]+) -->\n)[\s\S]*?(\n<!-- \/options -->)/g,
      (_, start: string, name: string, end: string) =>
        start + "\n" + docsTable(options[name] ?? {}) + "\n" + end,
    );
    if (fresh === text) continue;
    stale.push(`docs/${entry.name}`);
    if (write) await Deno.writeTextFile(path, fresh);
  }
  return stale;
}
