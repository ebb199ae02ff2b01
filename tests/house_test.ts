/** The rules of the house: what imports what, and what every recipe looks like. */

import assert from "node:assert/strict";
import { ROOT } from "./dev/run.ts";
import { embeddedModules } from "./dev/embed_hooks.ts";
import { staleDocs } from "./dev/docs.ts";
import { staleVersions } from "./dev/version.ts";
import { envOf, type Option } from "../kit/contract/option.ts";
import { TEXT_CHECKSUMS } from "../kit/contract/text_checksums.ts";
import { VERSION } from "../kit/contract/version.ts";
import { tools } from "../kit/tools/registry.ts";
import { recipes } from "../recipes/registry.ts";

/** TypeScript files below a folder, relative to the checkout. */
async function sources(...folders: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    for await (const entry of Deno.readDir(`${ROOT}/${folder}`)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) found.push(...await sources(path));
      else if (entry.name.endsWith(".ts")) found.push(path);
    }
  }
  return found.sort();
}

const texts = new Map<string, Promise<string>>();

/** A file of the checkout, which many tests look at. */
function read(path: string): Promise<string> {
  const text = texts.get(path) ?? Deno.readTextFile(`${ROOT}/${path}`);
  texts.set(path, text);
  return text;
}

/** Files that a file imports, statically or not, relative to the checkout. */
async function importsOf(path: string): Promise<string[]> {
  const text = await read(path);
  const found = text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g);
  return [...found].map(([, target]) => new URL(target!, `file:///${path}`).pathname.slice(1));
}

/** The rooms, from the ground up: a file may import from its own room and from those below. */
const ROOMS: readonly (readonly string[])[] = [
  ["kit/deps.ts"],
  ["kit/contract/"],
  ["kit/bundle/"],
  ["kit/analysis/", "hooks/"],
  ["kit/sweep/"],
  ["kit/compare/"],
  ["kit/fleet/"],
  ["kit/report/", "kit/engine/"],
  ["recipes/"],
  ["kit/tools/"],
  ["cli.ts", "mod.ts"],
];

function floorOf(path: string): number {
  return ROOMS.findIndex((rooms) => rooms.some((room) => path.startsWith(room)));
}

function roomOf(path: string): string {
  return ROOMS.flat().find((room) => path.startsWith(room)) ?? path;
}

Deno.test("imports point one way", async () => {
  const wrong: string[] = [];
  for (const path of ["cli.ts", "mod.ts", ...await sources("kit", "recipes", "hooks")]) {
    assert.ok(floorOf(path) >= 0, `${path} is in no room`);
    for (const target of await importsOf(path)) {
      if (roomOf(target) === roomOf(path)) continue;
      if (floorOf(target) >= floorOf(path)) wrong.push(`${path} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("a recipe imports no recipe", async () => {
  for (const path of await sources("recipes")) {
    if (path === "recipes/registry.ts") continue;
    assert.deepEqual((await importsOf(path)).filter((target) => target.startsWith("recipes/")), []);
  }
});

Deno.test("packages are named in one file, with their full and exact version", async () => {
  for (const path of ["cli.ts", "mod.ts", ...await sources("kit", "recipes", "hooks", "tests")]) {
    const names = [...(await read(path)).matchAll(/"((?:npm|jsr|https?):[^"]+)"/g)]
      .map(([, name]) => name!).filter((name) => /^(npm|jsr):/.test(name));
    if (path === "kit/deps.ts" || path === "tests/deps.ts") {
      for (const name of names) assert.match(name, /^npm:(@[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+(\/|$)/);
      assert.ok(names.length > 0);
    } else {
      assert.deepEqual(names, [], path);
    }
  }
});

Deno.test("help is printed without loading a package or a recipe", async () => {
  const seen = new Set<string>();
  const visit = async (path: string) => {
    if (seen.has(path) || path.endsWith(".py") || path.endsWith(".txt")) return;
    seen.add(path);
    const text = await read(path);
    for (const [, target] of text.matchAll(/^(?:import|export)[^;]*?from\s*"(\.[^"]+)"/gm)) {
      const statement = text.slice(0, text.indexOf(`"${target}"`)).split(/;\s*\n/).at(-1)!;
      if (/^\s*(\/\*[\s\S]*?\*\/\s*)?import type/.test(statement)) continue;
      await visit(new URL(target!, `file:///${path}`).pathname.slice(1));
    }
  };
  await visit("cli.ts");
  const heavy = [...seen].filter((path) =>
    /^recipes\/(?!registry)|kit\/(report|analysis)\//.test(path)
  );
  assert.deepEqual(heavy, []);
});

Deno.test("every recipe is of one shape, registered, and runs alone", async () => {
  const files = (await sources("recipes")).filter((path) => path !== "recipes/registry.ts");
  const names = recipes.map(({ name }) => `recipes/${name.replaceAll("-", "_")}.ts`);
  assert.deepEqual(files, names.toSorted());
  for (const entry of recipes) {
    const { default: recipe } = await entry.load();
    assert.equal(recipe.name, entry.name);
    assert.equal(recipe.summary, entry.summary);
    assert.ok(recipe.description.length > 80, entry.name);
    assert.ok(recipe.examples.length > 0, entry.name);
    const text = await read(`recipes/${entry.name.replaceAll("-", "_")}.ts`);
    assert.match(text, /const recipe: Recipe = defineRecipe\(\{/);
    assert.match(
      text,
      /export default recipe;\n\nif \(import\.meta\.main\) await runAlone\(recipe\);\n$/,
    );
  }
});

Deno.test("every tool is registered under its own name and summary", async () => {
  for (const entry of tools) {
    const { default: tool } = await entry.load();
    assert.equal(tool.name, entry.name);
    assert.equal(tool.summary, entry.summary);
  }
});

Deno.test("every option is documented, and its variable belongs to it alone", async () => {
  for (const entry of recipes) {
    const { options } = (await entry.load()).default;
    const variables = new Set<string>();
    for (const [name, option] of Object.entries(options) as [string, Option<unknown>][]) {
      assert.match(option.doc, /^[A-Z].{9,}[^.]$/, `${entry.name} ${name}`);
      assert.ok(!variables.has(envOf(name, option)), `${entry.name} ${name}`);
      variables.add(envOf(name, option));
    }
  }
});

Deno.test("the option tables in the docs are those of the recipes", async () => {
  assert.deepEqual(await staleDocs(false), []);
  for (const { name } of recipes) {
    assert.match(await read(`docs/${name}.md`), new RegExp(`<!-- options:${name} -->`));
  }
});

Deno.test("the embedded hooks and scripts are the files that they were made from", async () => {
  for (const [path, text] of Object.entries(await embeddedModules())) {
    assert.equal(await read(path), text, path);
  }
});

Deno.test("a text that is embedded is used only after it was verified", async () => {
  for (const path of Object.keys(TEXT_CHECKSUMS)) {
    const users: string[] = [];
    for (const user of await sources("kit")) {
      if (/embedded_texts|text_checksums|self_check\/texts/.test(user)) continue;
      const text = await read(user);
      if (text.includes(`"${path}"`)) users.push(text);
    }
    const checked = path.startsWith("configs/model/") || path.startsWith("configs/architecture/")
      ? [await read("kit/sweep/model/find_model.ts"), await read("kit/sweep/model/architecture.ts")]
      : users;
    assert.ok(checked.length > 0, `${path} is used by nobody that verifies it`);
    for (const text of checked) assert.match(text, /verified\(|askPython\(/, path);
  }
});

Deno.test("the version stands in one place, and what names it as well was written from there", async () => {
  assert.match(VERSION, /^\d+\.\d+\.\d+$/);
  assert.deepEqual(await staleVersions(false), [], "run ./dev hooks");
});

Deno.test("files are short, nothing runs a shell, and nothing writes past the output", async () => {
  for (const path of ["cli.ts", ...await sources("kit", "recipes")]) {
    const text = await read(path);
    assert.ok(text.split("\n").length <= 400, `${path} is long`);
    assert.doesNotMatch(text, /"(ba|z|da)?sh",\s*"-c"/, path);
    // Examples in descriptions are what others write.
    assert.doesNotMatch(text.replaceAll(/^ *\* .*$/gm, ""), /\bconsole\./, path);
  }
});
