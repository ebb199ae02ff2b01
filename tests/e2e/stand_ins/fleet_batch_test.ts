/** A batch on a cluster: jobs that end well and badly, and what comes home of them. */

import assert from "node:assert/strict";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { readJournal } from "../../../kit/sweep/measure/journal.ts";
import { validateSweep } from "../../../kit/sweep/validate_sweep.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { until } from "../../engine/processes.ts";
import {
  DENSE,
  EXPERTS,
  somethingIsHome,
  sweepAll,
  tablesOf,
  timesOf,
} from "../../engine/fleet/batch.ts";
import { withJobsApi } from "../../engine/fleet/jobs_api.ts";

Deno.test("what a cluster measures is what one machine measures, to the last row", async () => {
  await inFolder((cwd) =>
    withJobsApi(2, async (api) => {
      const { code, sweeps, dir, capture, said } = await sweepAll(cwd, api, [DENSE, EXPERTS]);
      assert.equal(code, 0, said.join("\n"));
      assert.deepEqual(sweeps.map(({ status }) => status), ["complete", "complete"]);
      assert.equal(capture.fleet.cost.total.jobs, 4);
      assert.deepEqual(await validateBundle(Deno, dir), []);
      const alone = await sweepAll(cwd, undefined, [DENSE, EXPERTS]);
      for (const model of [DENSE, EXPERTS]) {
        const [fleet, one] = [dir, alone.dir].map((place) => `${place}/${model}/bf16`);
        assert.deepEqual(await validateSweep(Deno, fleet!), []);
        assert.deepEqual(await tablesOf(fleet!), await tablesOf(one!));
        assert.deepEqual(await timesOf(fleet!), await timesOf(one!));
      }
      // The same command finds all of it, and submits nothing.
      const again = await sweepAll(cwd, api, [DENSE, EXPERTS]);
      assert.equal(again.code, 0);
      assert.equal(api.jobs.size, 4);
      // Who looks at the jobs sees no secret and no more than is needed.
      const { request } = [...api.jobs.values()][0]!;
      assert.deepEqual(request["entrypoint_resources"], { tiny: 0.001 });
      assert.ok(!("entrypoint_num_gpus" in request));
    })
  );
});

Deno.test("a vscope that is interrupted leaves its jobs running, and the same command goes on with them", async () => {
  await inFolder((cwd) =>
    withJobsApi(2, async (api) => {
      api.env = { FAKE_HOLD: `0 ${cwd}/on` };
      const ctrlC = new AbortController();
      const first = sweepAll(cwd, api, [DENSE], ctrlC);
      const runs = () =>
        [...api.jobs.values()].filter(({ doc }) => doc.status === "RUNNING").length;
      await until("two jobs run", 300_000, () => runs() === 2);
      ctrlC.abort("SIGINT");
      const left = await first;
      assert.deepEqual([left.code, left.json.status], [130, "interrupted"]);
      assert.match(left.said.join("\n"), /Jobs that are left on the cluster: 2; the same command/);
      await Deno.writeTextFile(`${cwd}/on`, "");
      const { code, said, dir } = await sweepAll(cwd, api, [DENSE]);
      assert.equal(code, 0, said.join("\n"));
      assert.match(said.join("\n"), /Going on with 2 jobs that are on the cluster/);
      assert.equal(api.jobs.size, 2);
      const times = await timesOf(`${dir}/${DENSE}/bf16`);
      assert.equal(new Set(times).size, times.length);
    })
  );
});

Deno.test("jobs are stopped where Ctrl-C is to do so, and what they measured is kept", async () => {
  await inFolder((cwd) =>
    withJobsApi(2, async (api) => {
      api.env = { FAKE_HOLD: "3 never" };
      const ctrlC = new AbortController();
      const first = sweepAll(cwd, api, [DENSE, "--on-interrupt", "stop"], ctrlC);
      await until("something is home", 300_000, () => somethingIsHome(cwd));
      ctrlC.abort("SIGINT");
      const { code, dir, said } = await first;
      assert.equal(code, 130, said.join("\n"));
      assert.ok([...api.jobs.values()].every(({ doc }) => doc.status === "STOPPED"));
      const before = await timesOf(`${dir}/${DENSE}/bf16`);
      assert.ok(before.length > 0);
      api.env = {};
      const again = await sweepAll(cwd, api, [DENSE]);
      assert.equal(again.code, 0, again.said.join("\n"));
      const times = await timesOf(`${dir}/${DENSE}/bf16`);
      assert.equal(new Set(times).size, times.length);
      const shots = (await readJournal(Deno, `${dir}/${DENSE}/bf16`)).sweeps.length;
      assert.ok(shots >= 2, "both runs are in the journal");
    })
  );
});

Deno.test("a node that is lost costs what was not home, and a head that forgets its jobs no more", async () => {
  await inFolder((cwd) =>
    withJobsApi(2, async (api) => {
      api.env = { FAKE_HOLD: "3 never" };
      const run = sweepAll(cwd, api, [DENSE]);
      await until("something is home", 300_000, () => somethingIsHome(cwd));
      await [...api.jobs.values()].find(({ doc }) => doc.status === "RUNNING")!.loseNode();
      await until("another job", 300_000, () => api.jobs.size === 3);
      api.env = {};
      await api.forget();
      const { code, said, dir, sweeps } = await run;
      assert.equal(code, 0, said.join("\n"));
      assert.equal(sweeps[0]!.status, "complete");
      assert.match(said.join("\n"), /Job supervisor actor died.*; it is submitted again/);
      assert.match(said.join("\n"), /the cluster lost the job; it is submitted again/);
      const times = await timesOf(`${dir}/${DENSE}/bf16`);
      assert.equal(new Set(times).size, times.length);
      const alone = await sweepAll(cwd, undefined, [DENSE]);
      assert.deepEqual(times, await timesOf(`${alone.dir}/${DENSE}/bf16`));
    })
  );
});

Deno.test("a unit that fails again and again is reported with its reason, and the others are measured", async () => {
  await inFolder((cwd) =>
    withJobsApi(2, async (api) => {
      api.env = { FAKE_BROKEN: "mixtral", FAKE_TOKEN: "not-for-anybody" };
      const ran = await sweepAll(cwd, api, [EXPERTS, DENSE, "--retries", "1"]);
      assert.equal(ran.code, 1);
      assert.equal(ran.json.status, "partial");
      assert.deepEqual(ran.sweeps.map(({ status }) => status), ["failed", "complete"]);
      assert.match(ran.sweeps[0]!.reason!, /^TP degree 1: vLLM did not start: .*mixtral is broken/);
      const log = await Deno.readTextFile(`${ran.dir}/${EXPERTS}/bf16/logs/tp1.log`);
      assert.match(log, /^--- job 1\n[^]*what the engine said at last \(secret\)\n[^]*--- job 2\n/);
      assert.doesNotMatch(log, /not-for-anybody/);
      assert.deepEqual(await validateBundle(Deno, `${ran.dir}/${EXPERTS}/bf16`), []);
      // Two units, twice each, and those of the other model.
      assert.equal(api.jobs.size, 6);
      // Nor does it go on for ever where each job measures, and never enough.
      const args = [DENSE, "--retries", "1", "--tp-degrees", "1", "--measurement-iterations", "5"];
      const never = await sweepAll(cwd, api, [...args, "--variant", "never"]);
      assert.equal(never.code, 1);
      assert.match(
        never.sweeps[0]!.reason!,
        /^TP degree 1: the job succeeded, and \d+ shots are missing/,
      );
      assert.equal(api.jobs.size, 9);
    })
  );
});

Deno.test("what another vLLM measured is not put beside the rest", async () => {
  await inFolder((cwd) =>
    withJobsApi(1, async (api) => {
      const first = await sweepAll(cwd, api, [DENSE, "--tp-degrees", "1"]);
      assert.equal(first.code, 0, first.said.join("\n"));
      api.env = { FAKE_VLLM: "0.99.0" };
      const { code, sweeps, dir } = await sweepAll(cwd, api, [DENSE, "--retries", "0"]);
      assert.equal(code, 1);
      assert.equal(sweeps[0]!.status, "partial");
      assert.match(
        sweeps[0]!.reason!,
        /TP degree 2: .*measured with vllm_version 0\.32\.0, and this would be 0\.99/,
      );
      const { shots } = await readJournal(Deno, `${dir}/${DENSE}/bf16`);
      assert.ok(shots.length > 0 && shots.every(({ tp }) => tp === 1));
    })
  );
});

Deno.test("two kinds of hardware have their own nodes and bundles, and a shot that kills an engine of one is measured on the other", async () => {
  await inFolder((cwd) =>
    withJobsApi(["tiny", "small"], async (api) => {
      api.envAt["tiny"] = { FAKE_GPU: "NVIDIA T", FAKE_HOLD: `0 ${cwd}/on` };
      api.envAt["small"] = { FAKE_GPU: "NVIDIA S", FAKE_DEATH: "1x7+0" };
      const args = [DENSE, "--hardware", "T=ray:tiny", "--hardware", "S=ray:small"];
      const jobsOn = (mark: string) =>
        [...api.jobs.values()].filter(({ request }) =>
          mark in (request["entrypoint_resources"] as Record<string, number>)
        );
      const ctrlC = new AbortController();
      const first = sweepAll(cwd, api, args, ctrlC);
      await until("a job runs on T", 300_000, () =>
        jobsOn("tiny").some(({ doc }) =>
          doc.status === "RUNNING"
        ));
      ctrlC.abort("SIGINT");
      assert.equal((await first).code, 130);
      await Deno.writeTextFile(`${cwd}/on`, "");
      const { code, sweeps, dir, capture, said } = await sweepAll(cwd, api, args);
      assert.equal(code, 1, said.join("\n"));
      assert.match(said.join("\n"), /Going on with [12] jobs that are on the cluster/);
      assert.match(said.join("\n"), /of 4 units \(T \d of 2, S \d of 2\)/);
      const told = sweeps.map(({ hardware, status }) => `${hardware} ${status}`);
      assert.deepEqual(told, ["T complete", "S partial"]);
      assert.match(sweeps[1]!.reason!, /1x7\+0/);
      assert.deepEqual([jobsOn("tiny").length, jobsOn("small").length, api.jobs.size], [2, 2, 4]);
      for (const [mark, node] of [["tiny", "node-1"], ["small", "node-2"]] as const) {
        assert.ok(jobsOn(mark).every(({ doc }) => doc.driver_node_id === node));
      }
      const { by_hardware, total } = capture.fleet.cost;
      assert.deepEqual(Object.keys(by_hardware!), ["T", "S"]);
      assert.equal(by_hardware!["T"]!.by_model[DENSE]!.jobs, 2);
      assert.equal(total.jobs, 4);
      // The same command tries the shot again, and leaves what is whole.
      api.envAt["small"] = { FAKE_GPU: "NVIDIA S" };
      const again = await sweepAll(cwd, api, args);
      assert.equal(again.code, 0, again.said.join("\n"));
      assert.deepEqual(again.sweeps.map(({ kept }) => kept), [true, false]);
      assert.equal(jobsOn("tiny").length, 2);
      assert.deepEqual(await validateBundle(Deno, dir), []);
      const alone = await sweepAll(cwd, undefined, [DENSE]);
      for (const hardware of ["T", "S"]) {
        const own = `${dir}/${hardware}/${DENSE}/bf16`;
        assert.deepEqual(await validateSweep(Deno, own), []);
        assert.deepEqual(await timesOf(own), await timesOf(`${alone.dir}/${DENSE}/bf16`));
        const { contract } = (await readManifest(Deno, own))!;
        assert.equal(contract["hardware"]!.value, hardware);
        const gpus = (await readJournal(Deno, own)).sweeps.map(({ identity }) => identity.gpu);
        assert.deepEqual([...new Set(gpus)], [`NVIDIA ${hardware}`]);
      }
    })
  );
});

Deno.test("results may come through a folder that both see", async () => {
  await inFolder((cwd) =>
    withJobsApi(2, async (api) => {
      const tmp = `${cwd}/tmp`;
      for (const name of ["killed", "alive"]) {
        await Deno.mkdir(`${tmp}/vscope-unit-${name}`, { recursive: true });
        await Deno.writeTextFile(`${tmp}/vscope-unit-${name}/lock`, "");
      }
      using alive = await Deno.open(`${tmp}/vscope-unit-alive/lock`, { write: true });
      await alive.lock(true);
      api.env = { TMPDIR: tmp };
      const { code, said, dir } = await sweepAll(cwd, api, [DENSE, "--storage", "shared"]);
      assert.equal(code, 0, said.join("\n"));
      const alone = await sweepAll(cwd, undefined, [DENSE]);
      assert.deepEqual(
        await tablesOf(`${dir}/${DENSE}/bf16`),
        await tablesOf(`${alone.dir}/${DENSE}/bf16`),
      );
      // They are in the sweep's own journal, and not kept twice.
      assert.deepEqual(await namesIn(`${cwd}/shared`), []);
      // Nor is anything left on the nodes, be it of a job that was killed there.
      const left = (await namesIn(tmp)).filter((name) => name.startsWith("vscope-"));
      assert.deepEqual(left, ["vscope-unit-alive"]);
    })
  );
});

Deno.test("what cannot be is refused in one sentence, and nothing is submitted", async () => {
  await inFolder((cwd) =>
    withJobsApi(1, async (api) => {
      const cases: [string[], RegExp][] = [
        [["--force"], /--force measures again what is there, and --on goes on/],
        [
          ["--validate", "3"],
          /--validate measures steps of the whole model, which do not come home/,
        ],
        [["--on", "head:8265"], /--on "head:8265" is no address of a Ray dashboard/],
        [
          ["--on", "http://127.0.0.1:9"],
          /http:\/\/127\.0\.0\.1:9 does not answer .*give the address of/,
        ],
        [["--hardware", "H=x"], /"x" in --hardware "H=x" is no place/],
      ];
      for (const [args, message] of cases) {
        const { code, json } = await sweepAll(cwd, api, [DENSE, ...args]);
        assert.equal(code, 2);
        assert.match(json.error!.message, message);
      }
      const { code, json } = await sweepAll(cwd, undefined, [DENSE, "--retries", "3"]);
      assert.equal(code, 2);
      assert.match(json.error!.message, /--retries is for a cluster, and none is given; give --on/);
      api.broken = 403;
      const asked = await sweepAll(cwd, api, [DENSE]);
      assert.match(asked.json.error!.message, /asks for a token \(403\); set RAY_AUTH_TOKEN/);
      assert.equal(api.jobs.size, 0);
      assert.deepEqual(await namesIn(cwd), []);
      api.broken = undefined;
      const plan = await sweepAll(cwd, api, [DENSE, "--dry-run"]);
      // deno-lint-ignore no-explicit-any -- a document
      assert.deepEqual((plan.json as any).fleet.jobs, 2);
      assert.equal(api.jobs.size, 0);
    })
  );
});
