import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Manifest } from "../../kit/bundle/manifest.ts";
import { findFreePort } from "../../kit/engine/free_port.ts";
import { readTable } from "../bundle/raw.ts";
import { ended, startVscope, vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { samplesOf } from "../analysis/live/samples.ts";
import { complete, healthy, serveCommand, watched } from "./engine.ts";
import { allAgree, scrape } from "./live.ts";

const EXAMPLE = fileURLToPath(new URL("../../docs/examples/queue_age.py", import.meta.url));
const CARELESS = fileURLToPath(new URL("./scripts/careless.py", import.meta.url));

Deno.test("profilers of one's own record beside ours, and careless ones harm nothing", async () => {
  const { argv, env, baseUrl } = await serveCommand();
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const address = `127.0.0.1:${findFreePort()}`;
    const own = ["--profiler", EXAMPLE, "--profiler", CARELESS, "--metrics", address];
    const child = startVscope(["monitor", "--quiet", "--out", dir, ...own, "--", ...argv], { env });
    await healthy(baseUrl, watched(child));
    const scraped = scrape(address);
    // The tiny server takes eight at a time: the others wait.
    const answers = await Promise.all(Array.from(
      { length: 20 },
      (_, n) => complete(baseUrl, { prompt: `own ${n}`, max_tokens: 60, ignore_eos: true }),
    ));
    assert.ok(answers.every((answer) => answer !== undefined));
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const seen = JSON.parse((await vscope(["watch", dir, "--once", "--json"])).stdout);
    await scraped.stop();
    child.kill("SIGINT");
    const ran = await ended(child);
    assert.equal(ran.code, 130, ran.stderr);
    assert.match(ran.stderr, /nowhere watches vllm\.v1\.no_such_module, which the installed vLLM/);

    const manifest: Manifest = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
    const rows = await recorded(dir, manifest);
    shown(manifest);
    assert.equal(
      seen.profilers.find(({ name }: { name: string }) => name === "queue_age").rows,
      rows,
    );
    assert.equal(
      samplesOf(scraped.texts.at(-1)!).get('vscope_profiler_rows_total{table="queue_age"}'),
      rows,
    );
    await allAgree(dir);
    await exported(parent, dir);
  });
});

/** The rows of the example agree with those of vscope's own profilers; returns how many. */
async function recorded(dir: string, manifest: Manifest): Promise<number> {
  const queue = await readTable(`${dir}/profilers/queue_age.csv`);
  const batches = await readTable(`${dir}/batch_utilization.csv`);
  assert.deepEqual(queue.map(({ step }) => step), batches.map(({ step }) => step));
  assert.deepEqual(
    queue.map(({ waiting }) => waiting),
    batches.map(({ waiting_queue_len }) => waiting_queue_len),
  );
  assert.ok(queue.some(({ waiting, oldest_ms }) => Number(waiting) > 0 && Number(oldest_ms) > 0));
  const outputs = await readTable(`${dir}/profilers/output_batches.csv`);
  const roles = new Map(manifest.processes.map(({ pid, role }) => [String(pid), role]));
  assert.deepEqual(new Set(outputs.map(({ pid }) => roles.get(pid!))), new Set(["api_server"]));
  assert.deepEqual(new Set(queue.map(({ pid }) => roles.get(pid!))), new Set(["engine_core"]));
  const lying = await readTable(`${dir}/profilers/lying_columns.csv`);
  assert.ok(lying.length > 0 && lying.every(({ tokens }) => Number(tokens) % 2 === 1));
  return queue.length;
}

/** What became of each profiler stands in the manifest, in a sentence. */
function shown(manifest: Manifest): void {
  const of = (name: string) => manifest.hooks.filter((hook) => hook.name === name);
  assert.deepEqual(of("queue_age").map(({ status }) => status), ["attached"]);
  assert.match(
    of("raises_always")[0]!.reason!,
    /ValueError: nothing works \(20 times\), taken off/,
  );
  assert.match(of("lying_columns")[0]!.reason!, /tokens is declared integer and was given a str/);
  assert.match(of("gone")[0]!.reason!, /lacks \(no such method\)/);
  assert.match(of("nowhere")[0]!.reason!, /no process imported vllm\.v1\.no_such_module/);
  const table = manifest.tables!.find(({ name }) => name === "queue_age")!;
  assert.deepEqual(table.columns.map(({ name, type, unit }) => [name, type, unit]), [
    ["timestamp_sec", "number", "s since the session began"],
    ["waiting", "integer", "requests"],
    ["oldest_ms", "number", "ms"],
    ["preempted", "boolean", undefined],
    ["step", "integer", undefined],
    ["rank", "integer", undefined],
    ["pid", "integer", undefined],
  ]);
  const schemas = manifest.artifacts.map(({ path, schema }) => `${path} ${schema}`);
  assert.ok(schemas.includes("profilers/queue_age.csv queue_age@1"));
  assert.ok(schemas.includes("profilers/queue_age.py text/x-python"));
}

/** Every export and the report have the table. */
async function exported(parent: string, dir: string): Promise<void> {
  const run = async (...args: string[]) => {
    const ran = await vscope(args);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };
  assert.match(await run("export", "csv", dir, "queue_age"), /^timestamp_sec,waiting,oldest_ms,/);
  await run("export", "parquet", dir, "queue_age", "--out", `${parent}/queue_age.parquet`);
  await run("export", "perfetto", dir, "--out", `${parent}/x.json`);
  assert.match(await Deno.readTextFile(`${parent}/x.json`), /queue_age: oldest_ms \(ms\)/);
  await run("export", "notebook", dir, "--out", `${parent}/x.ipynb`);
  assert.match(await Deno.readTextFile(`${parent}/x.ipynb`), /profilers\/queue_age\.csv/);
  await run("bundle", "validate", dir);
  await run("report", dir);
  assert.match(await Deno.readTextFile(`${dir}/report.html`), /Your own profilers.*queue_age/s);
}
