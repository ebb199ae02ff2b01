/** Folders of jobs on a node: those of jobs that were killed are removed by the next, and no other. */

import assert from "node:assert/strict";
import { openUnitFolder } from "../../../kit/engine/fleet/unit_folder.ts";
import { inFolder, namesIn } from "../../folders.ts";

const MODULE = new URL("../../../kit/engine/fleet/unit_folder.ts", import.meta.url).href;

/** The file system of a node whose temporary folders are there. */
const nodeAt = (dir: string) => ({
  ...Deno,
  makeTempDir: (options?: Deno.MakeTempOptions) => Deno.makeTempDir({ ...options, dir }),
});

/** A job that makes its folder, and lives until it is killed. */
async function job(dir: string): Promise<{ own: string; kill: () => Promise<void> }> {
  const script = `
    const { openUnitFolder } = await import(${JSON.stringify(MODULE)});
    const { dir } = await openUnitFolder(Deno);
    await Deno.writeTextFile(dir + "/journal.log", "shots");
    console.log(dir);
    setInterval(() => {}, 1000);
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", script],
    env: { TMPDIR: dir },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("\n")) {
    const { value, done } = await reader.read();
    assert.ok(!done, "the job ended before it had a folder");
    said += value;
  }
  return {
    own: said.trim().split("/").at(-1)!,
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}

Deno.test("the folder of a job that was killed is removed by the next one on its node, and that of a live one is not", async () => {
  await inFolder(async (dir) => {
    const [killed, alive] = [await job(dir), await job(dir)];
    try {
      await killed.kill();
      // Of a vscope that knows no lock, of others, and no folder.
      await Deno.mkdir(`${dir}/vscope-unit-old`);
      await Deno.mkdir(`${dir}/somebody`);
      await Deno.writeTextFile(`${dir}/somebody/lock`, "");
      await Deno.writeTextFile(`${dir}/vscope-unit-file`, "");
      await Deno.mkdir(`${dir}/kept`);
      await Deno.writeTextFile(`${dir}/kept/lock`, "");
      await Deno.symlink(`${dir}/kept`, `${dir}/vscope-unit-link`);
      const folder = await openUnitFolder(nodeAt(dir));
      const others = [
        "kept",
        "somebody",
        "vscope-unit-file",
        "vscope-unit-link",
        "vscope-unit-old",
      ];
      const own = folder.dir.split("/").at(-1)!;
      assert.deepEqual(
        (await namesIn(dir)).sort(),
        [...others, alive.own, own].sort(),
      );
      assert.deepEqual(await namesIn(`${dir}/kept`), ["lock"]);
      await folder.close();
      assert.deepEqual((await namesIn(dir)).sort(), [...others, alive.own].sort());
    } finally {
      await alive.kill();
    }
  });
});

Deno.test("jobs that begin at the same time leave each other's folders alone", async () => {
  await inFolder(async (dir) => {
    const node = nodeAt(dir);
    const all = await Promise.all(Array.from({ length: 20 }, () => openUnitFolder(node)));
    assert.equal((await namesIn(dir)).length, all.length);
    await Promise.all(all.map((one) => one.close()));
    assert.deepEqual(await namesIn(dir), []);
  });
});

Deno.test("where files cannot be locked nothing is removed, and the job goes on", async () => {
  await inFolder(async (dir) => {
    await Deno.mkdir(`${dir}/vscope-unit-dead`);
    await Deno.writeTextFile(`${dir}/vscope-unit-dead/lock`, "");
    const refuse = () => Promise.reject(new Error("Function not implemented (os error 38)"));
    const folder = await openUnitFolder(
      {
        ...nodeAt(dir),
        async open(path: string | URL, options?: Deno.OpenOptions) {
          return Object.assign(await Deno.open(path, options), { lock: refuse, tryLock: refuse });
        },
      } as typeof Deno,
    );
    assert.equal((await namesIn(dir)).length, 2);
    assert.ok(!(await namesIn(folder.dir)).includes("lock"));
    await folder.close();
    assert.deepEqual(await namesIn(dir), ["vscope-unit-dead"]);
  });
});
