/** Pages lead where they say. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { readArguments } from "../kit/contract/argv.ts";
import { commonOptions } from "../kit/contract/common.ts";
import type { Options } from "../kit/contract/option.ts";
import { resolve } from "../kit/contract/resolve.ts";
import type { Tool } from "../kit/contract/tool.ts";
import { tools } from "../kit/tools/registry.ts";
import { recipes } from "../recipes/registry.ts";
import { commandLines, pagesBelow } from "./dev/command_lines.ts";
import { ROOT } from "./dev/run.ts";

/** As forges make anchors of headings. */
function anchorOf(heading: string): string {
  const text = heading.replaceAll(/[`*]/g, "").replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  return text.trim().toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
}

const withoutCode = (text: string) => text.replaceAll(/^```[\s\S]*?^```/gm, "");

Deno.test("every link between our pages leads to a file that is there, and to a heading in it", async () => {
  let followed = 0;
  for (const name of ["README.md", ...await pagesBelow("docs")]) {
    const page = `${ROOT}/${name}`;
    const text = withoutCode(await Deno.readTextFile(page));
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      const [path = "", anchor] = target!.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      assert.ok(await Deno.stat(file).catch(() => undefined), `${page}: ${target}`);
      followed++;
      if (anchor === undefined) continue;
      const headings = withoutCode(await Deno.readTextFile(file)).matchAll(/^#+ (.*)$/gm);
      const anchors = [...headings].map(([, heading]) => anchorOf(heading!));
      assert.ok(anchors.includes(anchor), `${page}: ${target}; it has ${anchors.join(", ")}`);
    }
  }
  assert.ok(followed > 100);
});

Deno.test("every page of the concepts is in their list", async () => {
  const list = await Deno.readTextFile(`${ROOT}/docs/concepts/README.md`);
  for (const page of await pagesBelow("docs/concepts")) {
    const name = page.split("/").at(-1)!;
    if (name !== "README.md") assert.ok(list.includes(`](${name})`), name);
  }
});

/** Commands below a recipe or a tool, as `nsys stop` and `bundle merge`. */
interface WithCommands {
  readonly options?: Options;
  readonly commands?: readonly { name: string; load(): Promise<{ default: unknown }> }[];
}

/** The options that a command line may have; undefined for a name that is none. */
async function optionsOf(words: readonly string[]): Promise<Options | undefined> {
  const entry = [...recipes, ...tools].find(({ name }) => name === words[0]);
  const loaded = (await entry?.load())?.default as WithCommands | undefined;
  const below = loaded?.commands?.find(({ name }) => name === words[1]);
  const found = below ? (await below.load()).default as Tool : loaded;
  return found && { ...found.options, ...commonOptions };
}

Deno.test("every command line of the pages is one that vscope takes, to its last option and value", async () => {
  const lines = await commandLines();
  assert.ok(lines.length > 150);
  for (const { page, words } of lines) {
    if (/^(NAME|RECIPE)$/.test(words[0]!)) continue; // any of them
    const line = `${page}: vscope ${words.join(" ")}`;
    const options = await optionsOf(words);
    assert.ok(options, line);
    try {
      const { flags } = await readArguments(words[0]!, options, words.slice(1));
      resolve(words[0]!, options, { flags });
    } catch (error) {
      // A flag that is named alone, without the value that it would have.
      const named = /option "(--[\w-]+)" has no value/.exec(String(error))?.[1];
      assert.ok(named !== undefined && named === words.at(-1), `${line}: ${error}`);
    }
  }
});
