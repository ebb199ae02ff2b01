import assert from "node:assert/strict";
import { ended, startVscope, vscope } from "../cli.ts";
import { readTable } from "../bundle/raw.ts";
import { inFolder } from "../folders.ts";
import { engine } from "./engine.ts";
import { opensInChromium } from "./page.ts";

const TABLES = [
  "forward_pass_timing",
  "cpu_operations_timing",
  "batch_utilization",
  "kv_cache_usage",
  "request_lifecycle",
];

const sum = (rows: Record<string, string>[], column: string) =>
  rows.reduce((total, row) => total + Number(row[column]), 0);

Deno.test("quickstart leaves a complete bundle that agrees with its clients to the token, and a report that opens", async (t) => {
  await engine();
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const ran = await ended(startVscope(["quickstart", "--json", "--out", dir]));
    assert.equal(ran.code, 0, ran.stderr);
    const outcome = JSON.parse(ran.stdout);
    assert.deepEqual([outcome.status, outcome.report], ["complete", `${dir}/report.html`]);
    const manifest = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
    assert.equal(manifest.status, "complete");

    await t.step("every table holds rows, with the columns of the layout first", async () => {
      for (const table of TABLES) {
        assert.ok((await readTable(`${dir}/${table}.csv`)).length > 10, table);
      }
    });

    await t.step("each request has the client's own counts", async () => {
      const clients = JSON.parse(await Deno.readTextFile(`${dir}/client_requests.json`));
      const lives = await readTable(`${dir}/request_lifecycle.csv`);
      assert.equal(lives.length, clients.length);
      for (const client of clients) {
        const life = lives.filter((row) => row["request_id"]!.startsWith(client.id));
        assert.equal(life.length, 1, client.id);
        assert.deepEqual(
          ["prompt_tokens", "cached_tokens", "generated_tokens"].map((name) =>
            Number(life[0]![name])
          ),
          [client.promptTokens, client.cachedTokens, client.completionTokens],
          client.id,
        );
      }
      assert.ok(sum(lives, "cached_tokens") > 0, "the shared beginning was never cached");
    });

    await t.step("forward passes and batches each sum to what the requests explain", async () => {
      const lives = await readTable(`${dir}/request_lifecycle.csv`);
      const expected = sum(lives, "prompt_tokens") - sum(lives, "cached_tokens") +
        sum(lives, "generated_tokens") - lives.length;
      assert.equal(sum(await readTable(`${dir}/batch_utilization.csv`), "num_tokens"), expected);
      assert.equal(sum(await readTable(`${dir}/forward_pass_timing.csv`), "num_tokens"), expected);
    });

    await t.step("all hooks are attached and nothing was dropped", () => {
      const bad: { name: string }[] = manifest.hooks.filter(({ status }: { status: string }) =>
        status !== "attached"
      );
      // What a dense text model has no use for.
      for (const { name } of bad) {
        assert.ok(["moe_expert", "encoder_decoder", "cuda_graph"].includes(name), name);
      }
      assert.deepEqual(new Set(Object.values(manifest.dropped)), new Set([0]));
      const roles = manifest.processes.map(({ role }: { role: string }) => role).sort();
      assert.deepEqual(roles, ["api_server", "command", "engine_core", "worker"]);
    });

    await t.step("the bundle is valid, and analyze tells its iterations", async () => {
      assert.deepEqual((await vscope(["bundle", "validate", dir])).code, 0);
      const analysis = JSON.parse((await vscope(["analyze", dir, "--json"])).stdout);
      assert.equal(analysis.kind, "session");
      const { count, prefill, decode, mixed } = analysis.iterations;
      assert.equal(count, prefill + decode + mixed);
      assert.equal(count, (await readTable(`${dir}/batch_utilization.csv`)).length);
      // Without a GPU there is no GPU time to tell.
      assert.ok(analysis.phases.every((phase: object) => !("gpu_ns" in phase)));
    });

    await t.step(
      "the report opens in Chromium without an error, light, dark and narrow",
      async () => {
        await opensInChromium(`${dir}/report.html`, /quickstart/, ".live canvas");
      },
    );
  });
});
