import assert from "node:assert/strict";
import { type Ran, vscope } from "../cli.ts";
import { readTable } from "../bundle/raw.ts";
import { inFolder, namesIn } from "../folders.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";

const SCRIPT = new URL("./scripts/run_faults.py", import.meta.url).pathname;

async function monitored(
  dir: string,
  fault: string,
  env: Record<string, string> = {},
): Promise<Ran> {
  const { python, model } = await engine();
  return await vscope(["monitor", "--out", dir, "--", python, SCRIPT, model, fault], {
    env: { ...OFFLINE_ENV, ...env },
  });
}

// deno-lint-ignore no-explicit-any
async function manifestOf(dir: string): Promise<any> {
  return JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
}

const messages = (manifest: { notes: { message: string }[] }) =>
  manifest.notes.map(({ message }) => message).join("\n");

async function mount(...args: string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command("mount", { args }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

Deno.test({
  name: "a disk that fills up stops nothing: vLLM goes on, and the bundle says what was dropped",
  // Only root may make a small file system.
  ignore: Deno.uid() !== 0,
  async fn() {
    await inFolder(async (disk) => {
      await mount("-t", "tmpfs", "-o", "size=2300k", "tmpfs", disk);
      try {
        const dir = `${disk}/run`;
        const ran = await monitored(dir, "long");
        assert.match(ran.stdout, /ANSWERS \[24, true\]/, ran.stderr.slice(-3000));
        assert.equal(ran.code, 1, ran.stderr);
        const manifest = await manifestOf(dir);
        assert.equal(manifest.status, "partial", ran.stderr.slice(-3000));
        const dropped = Object.values(manifest.dropped as Record<string, number>);
        assert.ok(dropped.reduce((sum, rows) => sum + rows, 0) > 100, JSON.stringify(manifest));
        assert.match(messages(manifest), /could not write: OSError: \[Errno 28\]/);
        assert.match(messages(manifest), /rows of \w+ were dropped/);
        assert.match(messages(manifest), /make room and run "vscope bundle merge/);

        await mount("-o", "remount,size=64m", disk);
        const merged = await vscope(["bundle", "merge", dir]);
        assert.equal(merged.code, 1, merged.stderr);
        const anew = await manifestOf(dir);
        assert.equal(anew.status, "partial");
        assert.doesNotMatch(messages(anew), /make room/);
        assert.deepEqual(anew.dropped, manifest.dropped);
        const rows = await readTable(`${dir}/batch_utilization.csv`);
        // No row is half a row, and those that were kept are in the table.
        assert.ok(rows.length > 100 && rows.every((row) => Number(row["num_tokens"]) > 0));
        assert.equal((await vscope(["report", dir])).code, 0);
      } finally {
        await new Deno.Command("umount", { args: [disk] }).output();
      }
    });
  },
});

Deno.test("a session folder removed while vLLM runs is made again, and the loss is told", async () => {
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const ran = await monitored(dir, "remove");
    assert.match(ran.stdout, /ANSWERS \[2, true\]/, ran.stderr.slice(-3000));
    assert.equal(ran.code, 1, ran.stderr);
    const manifest = await manifestOf(dir);
    assert.equal(manifest.status, "partial");
    assert.match(messages(manifest), /folder was removed while vLLM ran/);
    assert.match(messages(manifest), /batch_utilization\.csv was removed while it was written/);
    // Two rounds of a hundred tokens: every step is either in the table or counted as dropped.
    const kept = (await readTable(`${dir}/batch_utilization.csv`)).length;
    const { batch_utilization: dropped } = manifest.dropped;
    assert.ok(kept >= 99 && dropped > 0 && kept + dropped >= 200, `${kept} and ${dropped}`);
    assert.equal((await vscope(["bundle", "validate", dir])).code, 0);
  });
});

Deno.test("a worker that is killed is named with its rank; what both ranks had recorded is kept", async () => {
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const ran = await monitored(dir, "kill", { VLLM_CPU_OMP_THREADS_BIND: "0|1" });
    assert.equal(ran.code, 1, ran.stderr);
    assert.doesNotMatch(ran.stdout, /ANSWERS/);
    const manifest = await manifestOf(dir);
    assert.equal(manifest.status, "partial");
    assert.match(messages(manifest), /worker-\d+ \(rank 1\) ended without a last word/);
    const passes = await readTable(`${dir}/forward_pass_timing.csv`);
    const [first, second] = ["0", "1"].map((rank) =>
      passes.filter((row) => row["rank"] === rank).length
    );
    assert.ok(first! >= 100 && Math.abs(first! - second!) < 3, `${first} and ${second}`);
    assert.deepEqual((await namesIn(dir)).includes(".reserve"), false);
  });
});
