import assert from "node:assert/strict";
import { validateBundle } from "../../kit/bundle/validate.ts";
import { lintBundle } from "../../kit/sweep/lint/lint.ts";
import { ROOT } from "../dev/run.ts";

/** Folders below perf that hold a sweep. */
async function sweepsBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (name === "meta.yaml") return [folder];
    if (isDirectory) found.push(...await sweepsBelow(`${folder}/${name}`));
  }
  return found;
}

Deno.test("the sweeps in perf have the layout, are free of what lint finds, and were measured", async () => {
  const sweeps = await sweepsBelow(`${ROOT}/perf`);
  assert.ok(sweeps.length > 0);
  for (const dir of sweeps) {
    assert.deepEqual(await validateBundle(Deno, dir), [], dir);
    assert.deepEqual(await lintBundle(Deno, dir, ROOT), [], dir);
    assert.match(await Deno.readTextFile(`${dir}/meta.yaml`), /\n {4}gpu: NVIDIA /);
  }
});
