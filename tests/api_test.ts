/** The public API: described to its last member, shown by examples that run, and ready to be published. */

import assert from "node:assert/strict";
import * as api from "../mod.ts";
import { recipes } from "../recipes/registry.ts";
import { codeIn, publicSymbols, testsOf } from "./dev/examples.ts";
import { publicFiles } from "./dev/public_files.ts";
import { ROOT } from "./dev/run.ts";
import { inFolder } from "./folders.ts";

const PAGE = "docs/api.md";

async function deno(...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("every public symbol and member is described, and every type that it names is public", async () => {
  const { code, text } = await deno("doc", "--lint", ...publicFiles());
  assert.equal(code, 0, text);
});

Deno.test("every public symbol has an example in its description, or is a type that one names", async () => {
  const symbols = await publicSymbols();
  const shown = new Set(symbols.flatMap(({ examples }) => examples).join("\n").match(/\w+/g));
  const isType = (kind: string) => kind === "interface" || kind === "typeAlias";
  const without = symbols.filter(({ name, kind, examples }) =>
    isType(kind)
      ? !shown.has(name)
      // Its own, in which it is called by its name.
      : examples.length === 0 ||
        (!name.endsWith(" default") && !new RegExp(`\\b${name}\\b`).test(examples.join()))
  );
  assert.deepEqual(without.map(({ name, kind }) => `${kind} ${name}`), []);
  assert.ok(symbols.length > 100);
});

Deno.test("every example runs: of the descriptions, and of docs/api.md, which names all that can be called", async () => {
  const page = codeIn(await Deno.readTextFile(`${ROOT}/${PAGE}`));
  const words = new Set(page.join("\n").match(/\w+/g));
  assert.deepEqual(Object.keys(api).filter((name) => !words.has(name)), []);
  const all = Object.fromEntries([
    ...page.map((code, n) => [`${PAGE} ${n + 1}`, code]),
    ...codeIn(
      (await Deno.readTextFile(`${ROOT}/mod.ts`)).replaceAll(/^ \* ?/gm, ""),
    ).map((code) => ["mod.ts", code]),
    ...(await publicSymbols()).flatMap(({ name, examples }) =>
      examples.map((code, n) => [`${name} ${n + 1}`, code])
    ),
  ]);
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/examples_test.ts`, await testsOf(all));
    const config = `${ROOT}/deno.json`;
    // ./dev test has checked their types, with those of all code.
    const flags = ["--quiet", "--no-check", "-A", "--config", config];
    const ran = await deno("test", ...flags, `${dir}/examples_test.ts`);
    assert.equal(ran.code, 0, ran.text);
    assert.match(ran.text, new RegExp(`${Object.keys(all).length} passed`));
  });
});

Deno.test("what would be published is the code and what it embeds, with types that need no inference", async () => {
  // The registry itself is not asked; ./dev check has checked the types.
  const { code, text } = await deno("publish", "--dry-run", "--allow-dirty", "--no-check");
  assert.equal(code, 0, text);
  const files = [...text.matchAll(/file:\/\/(\S+) \(/g)].map(([, path]) => path!);
  const names = new Set(files.map((path) => path.slice(ROOT.length + 1)));
  for (
    const name of ["mod.ts", "kit/deps.ts", "hooks/vscope_hooks/plugin.py", "configs/kernels.yaml"]
  ) {
    assert.ok(names.has(name), name);
  }
  assert.deepEqual([...names].filter((name) => /^(tests|docs|perf|dist|\.)/.test(name)), []);
  const { exports } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  for (const { name } of recipes) {
    const file = `./recipes/${name.replaceAll("-", "_")}.ts`;
    assert.equal(exports[`./recipes/${name}`], file, name);
  }
});
