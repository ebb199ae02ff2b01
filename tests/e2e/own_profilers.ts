/** Profilers of one's own in a real engine: an example, and careless ones that harm nothing. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Manifest } from "../../kit/bundle/manifest.ts";
import { readTable } from "../bundle/raw.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { samplesOf } from "../analysis/live/samples.ts";

const EXAMPLE = fileURLToPath(new URL("../../docs/examples/queue_age.py", import.meta.url));
const CARELESS = fileURLToPath(new URL("./scripts/careless.py", import.meta.url));

/** Options that record with them. */
export const OWN_PROFILERS = ["--profiler", EXAMPLE, "--profiler", CARELESS];

/** What they recorded, what became of them, and where it is told; `seen` is what `watch` said. */
export async function ownProfilersRecorded(
  dir: string,
  seen: { profilers: { name: string; rows: number }[] },
  scraped: string,
): Promise<void> {
  const manifest: Manifest = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
  const rows = await recorded(dir, manifest);
  shown(manifest);
  assert.equal(seen.profilers.find(({ name }) => name === "queue_age")!.rows, rows);
  assert.equal(samplesOf(scraped).get('vscope_profiler_rows_total{table="queue_age"}'), rows);
  await inFolder((parent) => exported(parent, dir));
}

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
