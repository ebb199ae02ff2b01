import assert from "node:assert/strict";
import type { RunContext } from "../../kit/contract/context.ts";
import { awaitTraces, flawOf, listTraces, recordOf } from "../../kit/engine/metal/traces.ts";
import { measureTrace } from "../../kit/bundle/files/trace_folder.ts";
import { inFolder } from "../folders.ts";

/** A context whose clock goes on only when somebody sleeps; `every` runs then. */
function patientContext(
  every: (ms: number) => Promise<void> = () => Promise.resolve(),
): RunContext {
  let now = 0;
  const clock = {
    monotonicMs: () => now,
    async sleep(ms: number) {
      now += ms;
      await every(now);
    },
  };
  const signal = new AbortController().signal;
  return { clock, files: Deno, output: { progress() {} }, signal } as unknown as RunContext;
}

async function trace(dir: string, name: string, bytes = 10): Promise<string> {
  const path = `${dir}/${name}.gputrace`;
  await Deno.mkdir(path, { recursive: true });
  await Deno.writeFile(`${path}/store0`, new Uint8Array(bytes));
  return path;
}

const PATIENCE = { quietMs: 1000, timeoutMs: 30_000, appearMs: 5000 };

Deno.test("traces are found by looking, whatever they are called", async () => {
  await inFolder(async (dir) => {
    assert.deepEqual(await listTraces(patientContext(), `${dir}/nowhere`), []);
    const old = await trace(dir, "run_dp0_pp0_tp0");
    const added = [
      await trace(dir, "dp0_pp0_tp0_dcp0_ep0_rank0"),
      await trace(`${dir}/below`, "vscope_1_dp0_pp0_tp0_dcp0_ep0_rank0_1f2e"),
      `${dir}/file.gputrace`,
    ].sort();
    await Deno.writeTextFile(`${dir}/file.gputrace`, "one file");
    await Deno.writeTextFile(`${dir}/rank0.pt.trace.json.gz`, "torch's own");
    const { traces, settled } = await awaitTraces(patientContext(), dir, [old], PATIENCE);
    assert.equal(settled, true);
    assert.deepEqual(traces.map(({ path }) => path), added);
  });
});

Deno.test("a trace is whole once it has not changed for the quiet time", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/a.gputrace`;
    const context = patientContext(async (now) => {
      if (now < 4000) await trace(dir, "a", now);
    });
    const { settled, seconds, traces } = await awaitTraces(context, dir, [], PATIENCE);
    assert.equal(settled, true);
    assert.ok(seconds >= 4.5, String(seconds));
    assert.equal(traces[0]!.path, path);
  });
});

Deno.test("the wait ends where nothing appears, where nothing can, and where it never rests", async () => {
  await inFolder(async (dir) => {
    const none = await awaitTraces(patientContext(), dir, [], PATIENCE);
    assert.deepEqual([none.settled, none.traces], [false, []]);
    assert.ok(none.seconds >= 5 && none.seconds < 6);
    const hopeless = () => Promise.resolve(true);
    const known = await awaitTraces(patientContext(), dir, [], { ...PATIENCE, hopeless });
    assert.equal(known.seconds, 0);
    const restless = patientContext(async (now) => void await trace(dir, "b", now));
    const endless = await awaitTraces(restless, dir, [], PATIENCE);
    assert.equal(endless.settled, false);
    assert.equal(endless.traces.length, 1);
    assert.ok(endless.seconds >= 30);
  });
});

Deno.test("length and space on the disk are told apart, and an empty trace is none", async () => {
  await inFolder(async (dir) => {
    const path = await trace(dir, "sparse");
    const file = await Deno.open(`${path}/hole`, { write: true, create: true });
    await file.truncate(10_000_000);
    file.close();
    const size = await measureTrace(Deno, path);
    assert.equal(size.apparentBytes, 10_000_010);
    assert.ok(size.allocatedBytes! < 1_000_000);
    assert.deepEqual(recordOf({ path, size }, dir).path, "sparse.gputrace");
    assert.deepEqual(recordOf({ path, size }, `${dir}x`).path, path);
    assert.equal(flawOf({ path, size }), undefined);
    const before = size.listing;
    await Deno.writeTextFile(`${path}/more`, "");
    assert.notEqual((await measureTrace(Deno, path)).listing, before);
    await Deno.mkdir(`${dir}/empty.gputrace`);
    const empty = await measureTrace(Deno, `${dir}/empty.gputrace`);
    assert.match(flawOf({ path: "e", size: empty })!, /is an empty folder/);
    await Deno.writeTextFile(`${dir}/empty.gputrace/a`, "");
    const hollow = await measureTrace(Deno, `${dir}/empty.gputrace`);
    assert.match(flawOf({ path: "e", size: hollow })!, /1 files without content/);
  });
});
