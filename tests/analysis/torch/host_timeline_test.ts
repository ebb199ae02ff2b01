import assert from "node:assert/strict";
import { analyzeCapture } from "../../../kit/analysis/capture/analyze.ts";
import { readHostTimeline } from "../../../kit/analysis/torch/host_timeline.ts";
import { inFolder } from "../../folders.ts";

const event = (cat: string, name: string, ts: number, dur: number, tid = 1) => ({
  ph: "X",
  cat,
  name,
  pid: 9,
  tid,
  ts,
  dur,
});

const decode = "execute_context_0(0)_generation_2(2)";

async function timelineOf(traceEvents: object[]) {
  return await inFolder(async (dir) => {
    const path = `${dir}/rank0.pt.trace.json`;
    await Deno.writeTextFile(path, JSON.stringify({ schemaVersion: 1, traceEvents }));
    return await readHostTimeline(Deno, path, await analyzeCapture(Deno, [path]));
  });
}

Deno.test("the step of middle length is read with what called what, thread by thread", async () => {
  const found = await timelineOf([
    // The longest and the shortest step of the commonest phase, and one of another.
    event("user_annotation", "execute_context_1(9)_generation_0(0)", 0, 900),
    event("user_annotation", decode, 1000, 90),
    event("user_annotation", decode, 2000, 50),
    event("user_annotation", decode, 3000, 10),
    event("cpu_op", "aten::mm", 1010, 5),
    event("cpu_op", "aten::add", 2030, 6, 2),
    event("cpu_op", "aten::linear", 2010, 20),
    event("cpu_op", "aten::matmul", 2011, 18),
    event("cpu_op", "aten::mm", 2012, 9),
    event("cpu_op", "aten::t", 2010, 1),
    event("cpu_op", "aten::mm", 3001, 5),
    event("python_function", "f", 2001, 40),
  ]);
  assert.equal(found?.iteration, 2);
  assert.equal(found?.elapsed_ns, 50_000);
  assert.deepEqual(
    found?.threads.map(({ slices }) =>
      slices.map(({ name, depth, start_ns, duration_ns }) => [name, depth, start_ns, duration_ns])
    ),
    [
      [
        ["aten::linear", 0, 10_000, 20_000],
        ["aten::t", 1, 10_000, 1000],
        ["aten::matmul", 1, 11_000, 18_000],
        ["aten::mm", 2, 12_000, 9000],
      ],
      [["aten::add", 0, 30_000, 6000]],
    ],
  );
});

Deno.test("without steps, or without operators in them, there is no timeline", async () => {
  assert.equal(await timelineOf([event("cpu_op", "aten::mm", 1, 2)]), undefined);
  assert.equal(
    await timelineOf([event("user_annotation", decode, 1, 2), event("cpu_op", "x::y", 9, 1)]),
    undefined,
  );
});
