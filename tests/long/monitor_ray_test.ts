/**
 * A session on a real Ray, with the real CPU vLLM: an engine whose ranks are on two nodes, and replicas with an engine
 * each.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readManifest } from "../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../kit/bundle/validate.ts";
import type { SessionNode } from "../../kit/fleet/session_job.ts";
import { startVscope, vscope } from "../cli.ts";
import { complete, engine, healthy, OFFLINE_ENV, serveCommand } from "../e2e/engine.ts";
import { until } from "../engine/processes.ts";
import { inFolder, namesIn } from "../folders.ts";
import { withRay } from "../e2e/ray.ts";
import { rayVllmPython } from "./ray_vllm.ts";

/** Each node says that it has a GPU: a rank or a replica is placed on it. */
const ROOM = { num_cpus: 2, num_gpus: 1 };
const REPLICAS = fileURLToPath(new URL("ray_replicas.py", import.meta.url));

async function cells(path: string, ...columns: string[]): Promise<string[][]> {
  const [header, ...lines] = (await Deno.readTextFile(path)).trim().split("\n");
  const places = columns.map((name) => header!.split(",").indexOf(name));
  assert.ok(!places.includes(-1), `${path} has ${header}`);
  return lines.map((line) => places.map((place) => line.split(",")[place]!));
}

/** Whether the API server has written as many requests' ends, and they have come home. */
async function answered(out: string, count: number): Promise<boolean> {
  for (const name of await namesIn(`${out}/processes`)) {
    if (!name.startsWith("api_server-")) continue;
    const path = `${out}/processes/${name}/request_results.csv`;
    const rows = await Deno.readTextFile(path).catch(() => "");
    return rows.split("\n").length > count + 1;
  }
  return false;
}

async function nodesOf(out: string): Promise<readonly SessionNode[]> {
  const { capture } = (await readManifest(Deno, out))!;
  return (capture as unknown as { fleet: { nodes: SessionNode[] } }).fleet.nodes;
}

Deno.test("ranks on two nodes of Ray, and replicas with engines of their own, are sessions on one clock", async () => {
  const python = await rayVllmPython();
  const { model } = await engine();
  const { argv, env, baseUrl } = await serveCommand(
    ...["--tensor-parallel-size", "2", "--distributed-executor-backend", "ray"],
  );
  const cluster = { ...OFFLINE_ENV, ...env, VLLM_CPU_OMP_THREADS_BIND: "0|1" };
  await inFolder((cwd) =>
    withRay({ nodes: 2, room: ROOM, python }, cluster, async (ray) => {
      const out = `${cwd}/ranks`;
      const args = ["monitor", "--on", ray.url, "--python", python, "--out", out, "--"];
      const command = [...args, "vllm", ...argv.slice(1)];
      const first = startVscope([...command.slice(0, 1), "--quiet", ...command.slice(1)], { cwd });
      const seen = { ended: false };
      first.status.then(() => seen.ended = true);
      try {
        await healthy(baseUrl, seen);
        await complete(baseUrl, { prompt: "one two three", max_tokens: 6 });
      } finally {
        first.kill("SIGKILL");
      }
      await first.status;
      await Promise.all([first.stdout.cancel(), first.stderr.cancel()]);
      // The job goes on, and so does its recording.
      await complete(baseUrl, { prompt: "four five", max_tokens: 6 });
      const second = startVscope(command, { cwd });
      const stderr = new Response(second.stderr).text();
      const stdout = second.stdout.cancel();
      await complete(baseUrl, { prompt: "six", max_tokens: 6 });
      await until("all requests are home", 120_000, () => answered(out, 3));
      second.kill("SIGINT");
      assert.equal((await second.status).code, 130, await stderr);
      await stdout;
      assert.match(await stderr, /Going on with the job vscope-monitor-\w+-1/);
      const manifest = (await readManifest(Deno, out))!;
      assert.deepEqual(manifest.notes.filter(({ severity }) => severity === "error"), []);
      assert.equal(manifest.engine["tensor_parallel_size"], 2);
      const workers = manifest.processes.filter(({ role }) => role === "worker");
      assert.deepEqual(workers.map(({ rank }) => rank).sort(), [0, 1]);
      assert.deepEqual(manifest.hooks.filter(({ status }) => status === "failed"), []);
      const rows = await cells(`${out}/forward_pass_timing.csv`, "rank", "timestamp_sec");
      const of = (rank: string) => rows.filter((row) => row[0] === rank).length;
      assert.ok(of("0") > 0 && of("0") === of("1"), `${of("0")} and ${of("1")}`);
      const requests = await cells(`${out}/request_lifecycle.csv`, "request_id");
      assert.equal(new Set(requests.map(([id]) => id)).size, 3);
      const nodes = await nodesOf(out);
      assert.equal(nodes.length, 3);
      // It is one machine: what the estimate differs from zero is within its error.
      for (const { clock } of nodes) {
        assert.ok(Math.abs(clock!.offset_sec) <= clock!.error_sec + 0.001);
      }
      assert.deepEqual(await validateBundle(Deno, out), []);

      const replicas = `${cwd}/replicas`;
      const ran = await vscope(
        [
          ...[
            "monitor",
            "--on",
            ray.url,
            "--python",
            python,
            "--out",
            replicas,
            "--json",
            "--quiet",
          ],
          ...["--job-cpus", "0", "--", "python", REPLICAS, model],
        ],
        { cwd },
      );
      assert.equal(ran.code, 0, ran.stderr + ran.stdout);
      const { processes } = (await readManifest(Deno, replicas))!;
      assert.equal(processes.filter(({ role }) => role === "engine_core").length, 2);
      const engines = await cells(`${replicas}/batch_utilization.csv`, "pid");
      assert.equal(new Set(engines.map(([pid]) => pid)).size, 2);
      assert.deepEqual(await validateBundle(Deno, replicas), []);
    })
  );
});
