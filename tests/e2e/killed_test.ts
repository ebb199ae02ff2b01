import assert from "node:assert/strict";
import { ended, startVscope, vscope } from "../cli.ts";
import { readTable } from "../bundle/raw.ts";
import { running, until } from "../engine/processes.ts";
import { inFolder, namesIn } from "../folders.ts";
import { complete, healthy, serveCommand, sessionProcesses, watched } from "./engine.ts";

/** Sends long requests, several at a time, until the server is gone. */
function keepBusy(baseUrl: string): { stop(): Promise<void> } {
  const stop = new AbortController();
  const senders = Array.from({ length: 4 }, async (_, n) => {
    while (!stop.signal.aborted) {
      const answer = await complete(
        baseUrl,
        { prompt: `token ${n} `.repeat(20), max_tokens: 200, ignore_eos: true },
        stop.signal,
      );
      if (!answer) await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
  return {
    async stop() {
      stop.abort();
      await Promise.all(senders);
    },
  };
}

/** Time of the last whole row of each of some raw tables, of whatever process; 0 where there is none. */
async function lastRows(dir: string, tables: readonly string[]): Promise<number[]> {
  const processes = (await namesIn(`${dir}/processes`)).map((name) => `${dir}/processes/${name}`);
  return await Promise.all(tables.map(async (table) => {
    const texts = await Promise.all(
      processes.map((path) => Deno.readTextFile(`${path}/${table}.csv`).catch(() => "")),
    );
    const rows = texts.map((text) => text.slice(0, text.lastIndexOf("\n")).split("\n").at(-1)!);
    return Math.max(0, ...rows.map((row) => Number(row.split(",")[0]) || 0));
  }));
}

Deno.test("EngineCore killed with SIGKILL leaves rows up to the last second, status partial, exit code 1", async () => {
  const { argv, env, baseUrl } = await serveCommand();
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const child = startVscope(["monitor", "--quiet", "--out", dir, "--", ...argv], { env });
    await healthy(baseUrl, watched(child));
    const load = keepBusy(baseUrl);
    await until(
      "the engine has rows",
      300_000,
      async () => "engine_core" in await sessionProcesses(dir).catch(() => ({})),
    );
    const { engine_core: pid } = await sessionProcesses(dir);
    const raw = `${dir}/processes/engine_core-${pid}/batch_utilization.csv`;
    const sizeOf = () => Deno.stat(raw).then(({ size }) => size, () => 0);
    await until("a few hundred steps are written", 300_000, async () => await sizeOf() > 12_000);
    const { start_epoch_sec: began } = JSON.parse(await Deno.readTextFile(`${dir}/metadata.json`));
    // A report can be made while it runs.
    const live = await vscope(["report", dir, "--out", `${parent}/live.html`]);
    assert.equal(live.code, 0, live.stderr);
    assert.match(await Deno.readTextFile(`${parent}/live.html`), /still running/);
    const events = `${dir}/processes/engine_core-${pid}/request_events.csv`;
    /** Whether a request is told of that has no end yet; all may begin and end together. */
    const someOpen = async () => {
      const text = await Deno.readTextFile(events).catch(() => "");
      return text.split(",queued,").length > text.split(",finished,").length;
    };
    // On a busy machine engine and writer fall behind at times: it is killed when they have not.
    const tables = ["batch_utilization", "kv_cache_usage", "forward_pass_timing"];
    let killedAt = 0;
    await until("the tables have the last second", 300_000, async () => {
      const last = await lastRows(dir, tables);
      killedAt = Date.now() / 1000 - began;
      return last.every((time) => time > killedAt - 1) && await someOpen();
    });
    Deno.kill(pid!, "SIGKILL");
    const ran = await ended(child);
    await load.stop();
    assert.equal(ran.code, 1, ran.stderr);
    const manifest = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
    assert.equal(manifest.status, "partial");
    assert.match(JSON.stringify(manifest.notes), /engine_core-\d+ ended without a last word/);
    for (const table of tables) {
      const rows = await readTable(`${dir}/${table}.csv`);
      const last = Number(rows.at(-1)!["timestamp_sec"]);
      assert.ok(
        rows.length > 100 && last > killedAt - 1,
        `${table} ends at ${last}, killed at ${killedAt}`,
      );
    }
    assert.equal((await vscope(["bundle", "validate", dir])).code, 0);
  });
});

Deno.test("vscope killed with SIGKILL leaves no process, and a bundle that can be closed", async () => {
  const { argv, env, baseUrl } = await serveCommand();
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const child = startVscope(["monitor", "--quiet", "--out", dir, "--", ...argv], { env });
    await healthy(baseUrl, watched(child));
    await complete(baseUrl, { prompt: "token cache", max_tokens: 20, ignore_eos: true });
    await until(
      "the hooks have named every process",
      300_000,
      async () => Object.keys(await sessionProcesses(dir)).length === 3,
    );
    const { engine_core: engine } = await sessionProcesses(dir);
    const events = `${dir}/processes/engine_core-${engine}/request_events.csv`;
    await until(
      "the request's end is written",
      300_000,
      async () => /,finished,/.test(await Deno.readTextFile(events).catch(() => "")),
    );
    const pids = Object.values(await sessionProcesses(dir));
    assert.equal((await running(pids)).length, 3);
    child.kill("SIGKILL");
    await ended(child);
    await until("all have ended", 120_000, async () => (await running(pids)).length === 0);
    assert.equal("status" in JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`)), false);
    assert.equal((await vscope(["bundle", "merge", dir])).code, 1);
    const manifest = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
    assert.equal(manifest.status, "interrupted");
    assert.equal((await readTable(`${dir}/request_lifecycle.csv`)).length, 1);
  });
});
