/** Units that several jobs measure: cut into parts, or helped where one is late. */

import assert from "node:assert/strict";
import { readPart } from "../../../kit/fleet/parts.ts";
import { inFolder } from "../../folders.ts";
import { until } from "../../engine/processes.ts";
import { DENSE, somethingIsHome, sweepAll, tablesOf, timesOf } from "../../engine/fleet/batch.ts";
import { withJobsApi } from "../../engine/fleet/jobs_api.ts";

/** Some hundred shots that are expected to take minutes, at one TP degree. */
const LONG = [
  ...[DENSE, "--tp-degrees", "1", "--measurement-iterations", "60"],
  ...["--only", "dense,attention", "--max-num-batched-tokens", "1024", "--max-num-seqs", "8"],
  ...["--attention-max-kv", "1024"],
];
const PASSES = { FAKE_PASSES: "60" };

/** One machine measures it too; its engine has the environment of this process. */
async function longAlone(cwd: string) {
  for (const [name, value] of Object.entries(PASSES)) Deno.env.set(name, value);
  try {
    const ran = await sweepAll(cwd, undefined, LONG);
    assert.equal(ran.code, 0, ran.said.join("\n"));
    return ran;
  } finally {
    for (const name of Object.keys(PASSES)) Deno.env.delete(name);
  }
}

/** The parts of all jobs, in the order in which they were submitted. */
const partsOf = (jobs: Iterable<{ request: Record<string, unknown> }>) =>
  [...jobs].map(({ request }) => readPart((request["metadata"] as Record<string, string>)["part"]));

Deno.test("a unit that is cut into parts has the rows of one that is not, each once, also after a stop in its midst", async () => {
  await inFolder((cwd) =>
    withJobsApi(1, async (api) => {
      api.env = PASSES;
      const args = [...LONG, "--job-length", "150s"];
      const plan = await sweepAll(cwd, api, [...args, "--dry-run"]);
      // deno-lint-ignore no-explicit-any -- a document
      const { jobs, parts } = (plan.json as any).fleet;
      assert.ok(jobs > 2 && parts[0].jobs === jobs, JSON.stringify(plan.json));
      const ctrlC = new AbortController();
      const first = sweepAll(cwd, api, args, ctrlC);
      await until("a part has begun", 300_000, () => api.jobs.size === 1);
      ctrlC.abort("SIGINT");
      assert.equal((await first).code, 130);
      const { code, said, dir } = await sweepAll(cwd, api, args);
      assert.equal(code, 0, said.join("\n"));
      const submitted = partsOf(api.jobs.values());
      // What is left is cut anew, for what is home and what the engine's limits are.
      assert.ok(submitted.length > 1 && submitted[0] !== undefined);
      const alone = await longAlone(cwd);
      const [fleet, one] = [dir, alone.dir].map((place) => `${place}/${DENSE}/bf16`);
      assert.deepEqual(await tablesOf(fleet!), await tablesOf(one!));
      const times = await timesOf(fleet!);
      assert.deepEqual(times, await timesOf(one!));
      assert.equal(new Set(times).size, times.length);
    })
  );
});

Deno.test("a job that hangs gets a second one where a node is free, and is stopped when all is home", async () => {
  await inFolder((cwd) =>
    withJobsApi(2, async (api) => {
      api.env = { FAKE_HANG: `${cwd}/hangs` };
      const hung = sweepAll(cwd, api, [DENSE, "--stragglers", "help"]);
      await until("one job is over", 300_000, () =>
        [...api.jobs.values()].some(({ doc }) =>
          doc.status === "SUCCEEDED"
        ));
      // It has run for ten minutes.
      const late = [...api.jobs.values()].find(({ doc }) => doc.status === "RUNNING")!;
      Object.assign(late.doc, { start_time: late.doc.start_time! - 600_000 });
      const { code, said, dir } = await hung;
      assert.equal(code, 0, said.join("\n"));
      assert.match(said.join("\n"), /a second job takes over a part of one that is late/);
      assert.match(said.join("\n"), /what this job was to measure is home; it is stopped/);
      assert.equal(late.doc.status, "STOPPED");
      // On a machine that is busy the second one may be late too.
      assert.ok(api.jobs.size >= 3);
      const alone = await sweepAll(cwd, undefined, [DENSE]);
      assert.deepEqual(
        await timesOf(`${dir}/${DENSE}/bf16`),
        await timesOf(`${alone.dir}/${DENSE}/bf16`),
      );
      assert.deepEqual(
        await tablesOf(`${dir}/${DENSE}/bf16`),
        await tablesOf(`${alone.dir}/${DENSE}/bf16`),
      );
    })
  );
});

Deno.test("a slow job keeps the shots that it has, and the first to bring one home counts", async () => {
  await inFolder((cwd) =>
    withJobsApi(2, async (api) => {
      api.env = { FAKE_SLOW_SEC: "0.5" };
      const run = sweepAll(cwd, api, [DENSE, "--tp-degrees", "1", "--stragglers", "help"]);
      await until("something is home", 300_000, () => somethingIsHome(cwd));
      api.env = {};
      const slow = [...api.jobs.values()][0]!;
      Object.assign(slow.doc, { start_time: slow.doc.start_time! - 600_000 });
      const { code, said, dir } = await run;
      assert.equal(code, 0, said.join("\n"));
      const times = await timesOf(`${dir}/${DENSE}/bf16`);
      assert.equal(new Set(times).size, times.length);
      const alone = await sweepAll(cwd, undefined, [DENSE, "--tp-degrees", "1"]);
      assert.deepEqual(times, await timesOf(`${alone.dir}/${DENSE}/bf16`));
    })
  );
});
