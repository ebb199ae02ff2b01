/** The list of a bundle's files. */

import assert from "node:assert/strict";
import { listArtifacts } from "../../kit/bundle/artifacts.ts";
import { inFolder } from "../folders.ts";

const MANIFEST = { recipe: "monitor" };

Deno.test("with an earlier list only what was changed since is read, and the list is the same", async () => {
  await inFolder(async (dir) => {
    const old = new Date("2026-01-01T00:00:00Z");
    for (const name of ["kept", "longer", "touched"]) {
      await Deno.writeTextFile(`${dir}/${name}.csv`, name);
      await Deno.utime(`${dir}/${name}.csv`, old, old);
    }
    const artifacts = await listArtifacts(Deno, dir, MANIFEST);
    const at = new Date("2026-01-02T00:00:00Z");
    await Deno.writeTextFile(`${dir}/touched.csv`, "TOUCHED");
    await Deno.writeTextFile(`${dir}/longer.csv`, "longer than it was");
    await Deno.utime(`${dir}/longer.csv`, old, old);
    await Deno.writeTextFile(`${dir}/report.html`, "new");
    const read: string[] = [];
    const files = {
      ...Deno,
      open: (path: string, options?: Deno.OpenOptions) => {
        read.push(path.slice(dir.length + 1));
        return Deno.open(path, options);
      },
    };
    const again = await listArtifacts(files as never, dir, MANIFEST, { artifacts, at });
    assert.deepEqual(read, ["longer.csv", "report.html", "touched.csv"]);
    assert.deepEqual(again, await listArtifacts(Deno, dir, MANIFEST));
  });
});
