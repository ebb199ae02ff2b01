/** The public API: described to its last member, shown by examples that run, and ready to be published. */

import assert from "node:assert/strict";
import * as api from "../mod.ts";
import { recipes } from "../recipes/registry.ts";
import { publicFiles } from "./dev/public_files.ts";
import { ROOT } from "./dev/run.ts";

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

Deno.test("every function, class and constant of the API is in an example, and the examples run", async () => {
  const page = await Deno.readTextFile(`${ROOT}/${PAGE}`);
  const code = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, text]) => text).join("\n");
  const [imports, uses] = [
    [...code.matchAll(/^import \{[\s\S]*?\} from/gm)].join("\n"),
    code.replaceAll(/^import \{[\s\S]*?\} from/gm, ""),
  ];
  for (const name of Object.keys(api)) {
    assert.match(imports, new RegExp(`\\b${name}\\b`), `${name} is in no example`);
    assert.match(uses, new RegExp(`\\b${name}\\b`), `${name} is imported and not used`);
  }
  const ran = await deno("test", "--quiet", "--allow-all", "--doc", PAGE, "mod.ts");
  assert.equal(ran.code, 0, ran.text);
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
