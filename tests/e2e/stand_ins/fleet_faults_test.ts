/** A batch on a cluster whose disks are full, here or there, and one node of which dies of a shot. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { FileSystem } from "../../../kit/contract/context.ts";
import { systemContext } from "../../../kit/engine/system/context.ts";
import { readJournal } from "../../../kit/sweep/measure/journal.ts";
import recipe from "../../../recipes/sweep_all.ts";
import { inFolder } from "../../folders.ts";
import { until } from "../../engine/processes.ts";
import { runRecipe } from "../../engine/run_recipe.ts";
import { type JobsApi, withJobsApi } from "../../engine/fleet/jobs_api.ts";

const FAKE = fileURLToPath(new URL("../../sweep/fixtures/fake_python.py", import.meta.url));
const MODEL = "Qwen/Qwen3-0.6B";
const NO_ROOM = "No space left on device (os error 28)";

/**
 * Runs `vscope sweep-all` on the cluster without waiting for long.
 *
 * @param hours Whether what was not waited for has passed on its clock.
 */
async function sweepAll(cwd: string, api: JobsApi, files: FileSystem = Deno, hours = false) {
  const { context: { clock } } = systemContext({ quiet: true, verbose: false, color: false });
  let waited = 0;
  const ran = await runRecipe(
    recipe as never,
    [
      ...[MODEL, "--python", FAKE, "--json", "--only", "dense,per_sequence", "--tp-degrees", "1,2"],
      ...["--max-num-batched-tokens", "16", "--max-num-seqs", "4", "--job-gpus", "0"],
      ...["--on", api.url, "--hardware", "H=ray:tiny"],
    ],
    {
      cwd,
      out: `${cwd}/perf/H`,
      env: { ...Deno.env.toObject(), HF_HUB_OFFLINE: "1" },
      clock: {
        ...clock,
        sleep: (ms, signal) => (waited += ms, clock.sleep(10, signal)),
        monotonicMs: () => clock.monotonicMs() + (hours ? waited : 0),
      },
      files,
    },
  );
  // deno-lint-ignore no-explicit-any -- a document
  const [sweep] = ((ran.json as any).sweeps ?? []) as { status: string; reason?: string }[];
  return { ...ran, sweep, told: ran.said.join("\n"), dir: `${cwd}/perf/H/${MODEL}/bf16` };
}

/** The disk of this machine, which has no room for what `refused` says. */
function fullDisk(refused: (path: string) => boolean): FileSystem {
  const fail = () => {
    throw Object.assign(new Error(NO_ROOM), { code: "ENOSPC" });
  };
  return {
    ...Deno,
    async open(path: string, options?: Deno.OpenOptions) {
      const file = await Deno.open(path, options);
      if ((options?.write || options?.append) && refused(path)) {
        // A part of it finds room.
        const write = file.write.bind(file);
        file.write = async (bytes) => (await write(bytes.subarray(0, bytes.length / 2)), fail());
      }
      return file;
    },
    writeTextFile: (path: string, text: string, options?: Deno.WriteFileOptions) =>
      refused(path) ? Promise.reject().catch(fail) : Deno.writeTextFile(path, text, options),
    writeFile: (path: string, bytes: Uint8Array, options?: Deno.WriteFileOptions) =>
      refused(path) ? Promise.reject().catch(fail) : Deno.writeFile(path, bytes, options),
  } as unknown as FileSystem;
}

/** All shots are there, and each time was measured once. */
async function assertWhole(dir: string): Promise<void> {
  const { shots } = await readJournal(Deno, dir);
  const times = shots.flatMap(({ tp, k, us }) =>
    Object.keys(us).map((layer) => `${tp} ${layer} ${k}`)
  );
  assert.equal(new Set(times).size, times.length);
  const at = (tp: number) => shots.filter((shot) => shot.tp === tp).map(({ k }) => k).sort();
  assert.ok(at(1).length >= 16);
  assert.deepEqual(at(1), at(2));
}

Deno.test("while this machine's disk is full vscope waits, and takes in what came home once there is room", async () => {
  for (const kind of [/\.pieces$/, /bf16\/(journal|bundle|tp)/]) {
    await inFolder((cwd) =>
      withJobsApi(2, async (api) => {
        let [full, refusals] = [true, 0];
        const disk = fullDisk((path) => full && kind.test(path) && (refusals++, true));
        const run = sweepAll(cwd, api, disk);
        await until("all jobs are over", 300_000, () => {
          const jobs = [...api.jobs.values()];
          return jobs.length >= 1 && refusals > 2 &&
            jobs.every(({ doc }) => doc.status === "SUCCEEDED");
        });
        full = false;
        const { code, told, dir, sweep, manifest } = await run;
        assert.equal(code, 0, told);
        assert.equal(sweep!.status, "complete");
        assert.match(
          told,
          /Cannot keep what came home in .*perf\/H: No space left.*; vscope goes on/,
        );
        assert.equal(api.jobs.size, 2, "nothing is measured again");
        assert.deepEqual(manifest!.notes, []);
        await assertWhole(dir);
      })
    );
  }
});

Deno.test("a disk that stays full ends vscope with the reason, and the same command goes on", async () => {
  await inFolder((cwd) =>
    withJobsApi(2, async (api) => {
      const disk = fullDisk((path) => path.endsWith(".pieces"));
      const first = await sweepAll(cwd, api, disk, true);
      assert.equal(first.code, 1);
      assert.match(
        first.notes,
        /This has been so for a while: Cannot keep what came home in .*perf\/H: No space left/,
      );
      assert.match(first.told, /Jobs that are left on the cluster: 2; the same command goes on/);
      const before = api.jobs.size;
      const { code, told, dir } = await sweepAll(cwd, api);
      assert.equal(code, 0, told);
      assert.deepEqual([before, api.jobs.size], [2, 2], "nothing is measured again");
      await assertWhole(dir);
    })
  );
});

Deno.test("a node whose disk is full blames no shot, and what it had measured counts", async () => {
  await inFolder((cwd) =>
    withJobsApi(1, async (api) => {
      api.env = { FAKE_FULL: "5" };
      const run = sweepAll(cwd, api);
      await until("the first job is over", 300_000, () => {
        return [...api.jobs.values()].some(({ doc }) => doc.status === "FAILED");
      });
      api.env = {};
      const { code, told, dir, sweep } = await run;
      assert.equal(code, 0, told);
      assert.equal(sweep!.status, "complete");
      assert.match(
        told,
        /Cannot keep what TP degree \d measures: .*No space left.*; it is submitted/,
      );
      assert.ok(
        (await readJournal(Deno, dir)).sweeps.length >= 3,
        "what both nodes measured counts",
      );
      await assertWhole(dir);
    })
  );
});

Deno.test("a shot that kills the engine of one node is set aside there alone, and measured when asked again", async () => {
  await inFolder((cwd) =>
    withJobsApi(1, async (api) => {
      api.env = { FAKE_DEATH: "1x7+0" };
      const run = sweepAll(cwd, api);
      await until("the first job runs", 300_000, () => {
        return [...api.jobs.values()].some(({ doc }) => doc.status === "RUNNING");
      });
      api.env = {};
      const { code, told, dir, sweep } = await run;
      assert.equal(code, 1, told);
      assert.equal(sweep!.status, "partial");
      assert.match(sweep!.reason!, /^TP degree \d: .*1x7\+0/);
      assert.equal(api.jobs.size, 2, "the other unit is measured, and neither again");
      const dead = (await readJournal(Deno, dir)).shots.filter(({ k }) => k.trim() === "1x7+0");
      assert.equal(dead.length, 1);
      const again = await sweepAll(cwd, api);
      assert.equal(again.code, 0, again.told);
      await assertWhole(dir);
    })
  );
});
