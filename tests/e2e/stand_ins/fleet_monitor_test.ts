/** A session on a cluster: jobs that end well and badly, and what comes home of them. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { systemContext } from "../../../kit/engine/system/context.ts";
import type { SessionNode } from "../../../kit/fleet/session_job.ts";
import recipe from "../../../recipes/monitor.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { until } from "../../engine/processes.ts";
import { runRecipe } from "../../engine/run_recipe.ts";
import { type JobsApi, withJobsApi } from "../../engine/fleet/jobs_api.ts";

const FAKE = fileURLToPath(new URL("../../engine/fleet/fake_ray/", import.meta.url));
/** The clock of one of the ranks is ahead by so much. */
const SKEW_SEC = 5000;

interface Fleet {
  fleet: { job: string; ended: boolean; nodes: SessionNode[] };
}

function cluster<T>(use: (api: JobsApi) => Promise<T>): Promise<T> {
  return withJobsApi(1, async (api) => {
    api.env = { FAKE_SKEW_SEC: String(SKEW_SEC) };
    api.pythonPath = [FAKE];
    try {
      return await use(api);
    } finally {
      // A node that is gone has nobody who would do so.
      for (const id of api.jobs.keys()) {
        await Deno.remove(`/tmp/${id}`, { recursive: true }).catch(() => {});
      }
    }
  });
}

/** Time that passes five times as quickly. */
function quickClock() {
  const { context: { clock } } = systemContext({ quiet: true, verbose: false, color: false });
  return {
    ...clock,
    sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms / 5, signal),
    monotonicMs: () => clock.monotonicMs() * 5,
  };
}

/** Runs `vscope monitor --on` with a command of so many passes and that exit code. */
function monitor(
  cwd: string,
  api: JobsApi,
  {
    passes = 20,
    code = 0,
    args = [] as string[],
    ctrlC = undefined as AbortController | undefined,
  },
) {
  const command = ["python3", `${FAKE}vllm_of_ranks.py`, String(passes), String(code)];
  const on = args.includes("--on") ? [] : ["--on", api.url];
  return runRecipe<Fleet>(
    recipe as never,
    [...on, "--out", `${cwd}/out`, "--json", "--grace", "600", ...args, "--", ...command],
    {
      cwd,
      out: `${cwd}/out`,
      env: Deno.env.toObject(),
      clock: quickClock(),
      ...(ctrlC ? { ctrlC } : {}),
    },
  );
}

/** Rows of the merged table of forward passes: their times, by rank. */
async function timesByRank(out: string): Promise<Map<string, number[]>> {
  const lines = (await Deno.readTextFile(`${out}/forward_pass_timing.csv`)).trim().split("\n");
  const header = lines[0]!.split(",");
  const [time, rank] = ["timestamp_sec", "rank"].map((name) => header.indexOf(name));
  const found = new Map<string, number[]>();
  for (const line of lines.slice(1)) {
    const cells = line.split(",");
    const key = cells[rank!]!;
    found.set(key, [...found.get(key) ?? [], Number(cells[time!])]);
  }
  return found;
}

const firstJob = (api: JobsApi) => [...api.jobs.values()][0];

/** Whether a rank's rows have come home. */
async function rowsAreHome(out: string): Promise<boolean> {
  for (const name of await namesIn(`${out}/processes`).catch(() => [])) {
    if ((await namesIn(`${out}/processes/${name}`)).includes("forward_pass_timing.csv")) {
      return true;
    }
  }
  return false;
}

Deno.test("ranks of several nodes are one session on one clock", async () => {
  await inFolder((cwd) =>
    cluster(async (api) => {
      // A node's own allow-list; the hooks get onto it.
      api.env["VLLM_PLUGINS"] = "another";
      const { code, json, said, manifest, capture, notes } = await monitor(cwd, api, {});
      assert.equal(code, 0, said.join("\n") + notes);
      assert.equal(json.status, "complete");
      const times = await timesByRank(`${cwd}/out`);
      assert.deepEqual([...times.keys()].sort(), ["0", "1"]);
      for (const own of times.values()) {
        assert.equal(own.length, 20);
        // Not corrected, one of them would be ahead by more than an hour.
        assert.ok(own.every((sec) => sec > -SKEW_SEC / 2 && sec < SKEW_SEC / 2), String(own));
      }
      const { nodes, ended } = capture.fleet;
      assert.equal(ended, true);
      assert.deepEqual(nodes.map(({ name }) => name), ["node1", "node2", "node3"]);
      assert.ok(Math.abs(nodes[1]!.clock!.offset_sec - SKEW_SEC) < SKEW_SEC / 2);
      assert.match(
        notes,
        /The clock of node2 \(.*\) was [45]\d{3}\.?\d* s ahead of the driver's, give or take/,
      );
      const ranks = manifest!.processes.filter(({ role }) => role === "worker").map(({ rank }) =>
        rank
      );
      assert.deepEqual(ranks.sort(), [0, 1]);
      assert.match(
        await Deno.readTextFile(`${cwd}/out/logs/stdout.log`),
        /the server is up with plugins another,vscope/,
      );
      assert.match(said.join("\n"), /the server is up/);
      assert.deepEqual(await validateBundle(Deno, `${cwd}/out`), []);
      // What lay on the nodes is gone.
      assert.deepEqual(await namesIn(`/tmp/${capture.fleet.job}`).catch(() => []), []);
    })
  );
});

Deno.test("variables go along by name, and no secret is shown or stored", async () => {
  await inFolder((cwd) =>
    cluster(async (api) => {
      const args = ["--job-env", "API_KEY=very-secret-word,FOO=bar"];
      const plan = await monitor(cwd, api, { args: [...args, "--dry-run"] });
      assert.doesNotMatch(JSON.stringify(plan.json) + plan.said, /very-secret-word/);
      assert.equal(api.jobs.size, 0);
      const { code, said } = await monitor(cwd, api, { args });
      assert.equal(code, 0, said.join("\n"));
      const { env_vars } = firstJob(api)!.request["runtime_env"] as {
        env_vars: Record<string, string>;
      };
      assert.deepEqual([env_vars["API_KEY"], env_vars["FOO"]], ["very-secret-word", "bar"]);
      const stored = await Deno.readTextFile(`${cwd}/out/bundle.json`);
      assert.match(stored, /FOO=bar/);
      assert.doesNotMatch(stored, /very-secret-word/);
    })
  );
});

Deno.test("what was recorded may come through a folder that both see, and is removed there", async () => {
  await inFolder((cwd) =>
    cluster(async (api) => {
      const { code, said } = await monitor(cwd, api, { args: ["--storage", "shared"] });
      assert.equal(code, 0, said.join("\n"));
      assert.equal((await timesByRank(`${cwd}/out`)).get("1")!.length, 20);
      assert.deepEqual(await namesIn(`${cwd}/shared`), []);
    })
  );
});

Deno.test("a command that fails, a rank that is missing and a node that is lost are named", async () => {
  await inFolder((cwd) =>
    cluster(async (api) => {
      Object.assign(api.env, { FAKE_RANKS: "1", FAKE_LOST: "1" });
      const { code, json, notes } = await monitor(cwd, api, { passes: 200, code: 3 });
      assert.equal(code, 1);
      assert.equal(json.status, "partial");
      assert.match(notes, /The command ended with exit code 3/);
      assert.match(notes, /Nothing was recorded by the worker of rank 1/);
      assert.match(notes, /node3 .*was lost: The actor died unexpectedly/);
    })
  );
});

Deno.test("a job that cannot begin says why", async () => {
  await inFolder((cwd) =>
    cluster(async (api) => {
      api.pythonPath = [];
      const { code, json, notes } = await monitor(cwd, api, {});
      assert.equal(code, 1);
      assert.equal(json.status, "failed");
      assert.match(
        notes,
        /The job could not run the command: ModuleNotFoundError: No module named 'ray'/,
      );
    })
  );
});

Deno.test("Ctrl-C ends the job, and what was recorded until then is kept", async () => {
  await inFolder((cwd) =>
    cluster(async (api) => {
      const ctrlC = new AbortController();
      const run = monitor(cwd, api, { passes: 0, ctrlC });
      await until("rows are home", 60_000, () => rowsAreHome(`${cwd}/out`));
      ctrlC.abort("SIGINT");
      const { code, json, capture, said } = await run;
      assert.deepEqual([code, json.status], [130, "interrupted"], said.join("\n"));
      assert.equal(firstJob(api)!.doc.status, "STOPPED");
      assert.equal(capture.fleet.ended, true);
      assert.ok((await timesByRank(`${cwd}/out`)).size > 0);
    })
  );
});

Deno.test("a job that is left is found by the same command, which goes on in the same folder", async () => {
  await inFolder((cwd) =>
    cluster(async (api) => {
      const ctrlC = new AbortController();
      const args = ["--on-interrupt", "leave"];
      const run = monitor(cwd, api, { passes: 0, ctrlC, args });
      await until("rows are home", 60_000, () => rowsAreHome(`${cwd}/out`));
      ctrlC.abort("SIGINT");
      const left = await run;
      assert.deepEqual([left.code, left.capture.fleet.ended], [130, false]);
      assert.match(left.notes, /The job vscope-monitor-\w+-1 goes on/);
      assert.equal(firstJob(api)!.doc.status, "RUNNING");
      const again = new AbortController();
      const second = monitor(cwd, api, { passes: 0, ctrlC: again });
      await until("it is open again", 60_000, async () =>
        (await readManifest(Deno, `${cwd}/out`))?.status === undefined);
      again.abort("SIGINT");
      const { code, capture, said } = await second;
      assert.equal(code, 130, said.join("\n"));
      assert.match(said.join("\n"), /Going on with the job vscope-monitor-\w+-1/);
      assert.equal(capture.fleet.ended, true);
      assert.equal(api.jobs.size, 1);
      // Read again from its beginning, no row is there twice.
      for (const own of (await timesByRank(`${cwd}/out`)).values()) {
        assert.equal(new Set(own).size, own.length);
      }
      assert.deepEqual(await validateBundle(Deno, `${cwd}/out`), []);
    })
  );
});

Deno.test("the node of the command is lost: what came home is kept", async () => {
  await inFolder((cwd) =>
    cluster(async (api) => {
      const run = monitor(cwd, api, { passes: 0 });
      await until("rows are home", 60_000, () => rowsAreHome(`${cwd}/out`));
      await firstJob(api)!.loseNode();
      const { code, json, notes } = await run;
      assert.deepEqual([code, json.status], [1, "partial"]);
      assert.match(notes, /The job failed: Job supervisor actor died.* did not come home/);
    })
  );
});

Deno.test("what cannot be is refused in one sentence, and nothing is submitted", async () => {
  await inFolder((cwd) =>
    cluster(async (api) => {
      const cases: [string[], RegExp][] = [
        [["--metrics"], /--metrics is for a command on this machine/],
        [
          ["--job-env", "NOT_SET_HERE"],
          /--job-env "NOT_SET_HERE" is not set here; give NAME=VALUE/,
        ],
        [
          ["--storage", "s3://bucket/prefix"],
          /Cannot run monitor: --storage is an address \(s3:…\), .* give a folder that this machine/,
        ],
        [
          ["--storage", "https://host/x"],
          /Cannot run monitor: --storage is an address \(https:…\)/,
        ],
        [["--on", "head:8265"], /Cannot run monitor: --on "head:8265" is no address/],
        [["--on", "http://127.0.0.1:9"], /Cannot run monitor on "http:\/\/127\.0\.0\.1:9"/],
      ];
      for (const [args, message] of cases) {
        const { code, json } = await monitor(cwd, api, { args });
        assert.equal(code, 2);
        assert.match(json.error!.message, message);
      }
      assert.equal(api.jobs.size, 0);
      assert.deepEqual(await namesIn(cwd), []);
    })
  );
});
