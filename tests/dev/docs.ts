/**
 * `./dev docs`: the option tables in docs/ from the recipes themselves, the schemas and the page of
 * columns and profilers from the tables, vLLM's own metrics beside ours from a recorded run.
 *
 * @module
 */

import { dirname } from "node:path";
import { docsTable } from "../../kit/contract/docs_table.ts";
import { commonOptions } from "../../kit/contract/common.ts";
import type { Options } from "../../kit/contract/option.ts";
import { recipes } from "../../recipes/registry.ts";
import { pagesBelow } from "./command_lines.ts";
import { filesTable } from "./files_table.ts";
import { profilersTable } from "./profilers_table.ts";
import { ROOT, say } from "./run.ts";
import { breakOfBundle, BUNDLE_SCHEMA, bundleSchema } from "./bundle_schema.ts";
import { schemaFiles, tablesPage } from "./schemas.ts";
import { sweepSchemaFiles, sweepTablesPage } from "./sweep_schemas.ts";
import { breakOf } from "./table_schema.ts";
import { vllmMetricsTable } from "./vllm_metrics_table.ts";

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
  const generated = {
    columns: tablesPage(),
    files: await filesTable(),
    "sweep-columns": sweepTablesPage(),
    profilers: profilersTable(),
    "vllm-metrics": await vllmMetricsTable(),
  };
  const stale: string[] = [];
  for (const name of await pagesBelow("docs")) {
    const path = `${ROOT}/${name}`;
    const text = await Deno.readTextFile(path);
    let fresh = text;
    for (const [mark, made] of Object.entries(generated)) {
      const between = new RegExp(`<!-- ${mark} -->[\\s\\S]*<!-- /${mark} -->`);
      fresh = fresh.replace(between, () => `<!-- ${mark} -->\n\n${made}\n\n<!-- /${mark} -->`);
    }
    fresh = fresh.replace(
      /(<!-- options:([\w-]+) -->\n)[\s\S]*?(\n<!-- \/options -->)/g,
      (_, start: string, name: string, end: string) =>
        start + "\n" + docsTable(options[name] ?? {}) + "\n" + end,
    );
    if (fresh === text) continue;
    stale.push(name);
    if (write) await Deno.writeTextFile(path, fresh);
  }
  return [...stale, ...await staleSchemas(write)];
}

/** Published schemas that are not those of what is written; a change that breaks one is refused. */
async function staleSchemas(write: boolean): Promise<string[]> {
  const stale: string[] = [];
  const publish = async <S>(
    name: string,
    schema: S,
    breaks: (published: S, fresh: S) => string | undefined,
  ) => {
    const text = JSON.stringify(schema, null, 2) + "\n";
    const known = await Deno.readTextFile(`${ROOT}/${name}`).catch(() => undefined);
    if (known === text) return;
    const broken = known === undefined ? undefined : breaks(JSON.parse(known), schema);
    if (broken) throw new Error(broken);
    stale.push(name);
    if (!write) return;
    await Deno.mkdir(dirname(`${ROOT}/${name}`), { recursive: true });
    await Deno.writeTextFile(`${ROOT}/${name}`, text);
  };
  for (const [name, schema] of Object.entries({ ...schemaFiles(), ...sweepSchemaFiles() })) {
    await publish(name, schema, breakOf);
  }
  await publish(BUNDLE_SCHEMA, await bundleSchema(), breakOfBundle);
  return stale;
}
