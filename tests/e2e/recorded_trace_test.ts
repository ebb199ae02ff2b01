/** A trace that PyTorch's profiler writes here and now, against a count by Python. */

import assert from "node:assert/strict";
import { inFolder } from "../folders.ts";
import { vscope } from "../cli.ts";
import { engine } from "./engine.ts";

/** Records a small model twice, with and without stacks, and counts the trace with json alone. */
const RECORD = `
import json, sys
from fractions import Fraction
import torch
from torch.profiler import ProfilerActivity, profile, record_function, schedule

torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.SiLU(), torch.nn.LayerNorm(64))
path = sys.argv[1]
with profile(activities=[ProfilerActivity.CPU], with_stack=sys.argv[2] == "stacks",
             record_shapes=True) as profiler:
    for step in range(5):
        name = f"execute_context_{int(step == 0)}({7 if step == 0 else 0})_generation_4(4)"
        with record_function(name), torch.inference_mode():
            torch.softmax(model(torch.ones(8, 64)), -1).argmax(-1).tolist()
profiler.export_chrome_trace(path)

exact = json.loads(open(path).read(), parse_float=Fraction)
events = [event for event in exact["traceEvents"] if event.get("ph") == "X"]
operators = {}
for event in events:
    if event["cat"] == "cpu_op":
        operators.setdefault(event["name"], []).append(int(1000 * Fraction(event["dur"])))
steps = [int(1000 * Fraction(event["dur"])) for event in events
         if event["cat"] == "user_annotation" and event["name"].startswith("execute_context")]
print(json.dumps({"operators": operators, "steps": steps}))
`;

for (const stacks of ["plain", "stacks"]) {
  Deno.test(`a trace of this PyTorch (${stacks}) has the figures that Python counts`, async () => {
    const { python } = await engine();
    await inFolder(async (dir) => {
      const path = `${dir}/cpu.pt.trace.json`;
      const { code, stdout, stderr } = await new Deno.Command(python, {
        args: ["-c", RECORD, path, stacks],
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const counted = JSON.parse(new TextDecoder().decode(stdout)) as {
        operators: Record<string, number[]>;
        steps: number[];
      };
      const ran = await vscope(["analyze", path, "--json"]);
      assert.equal(ran.code, 0, ran.stderr);
      const found = JSON.parse(ran.stdout);
      assert.equal(found.kind, "torch");
      for (const absent of ["partial", "gpu", "kernels", "cuda_graphs", "memcpy"]) {
        assert.ok(!(absent in found), absent);
      }
      const rows: { name: string; count: number; total_ns: number; category: string }[] =
        found.cpu_operators;
      assert.deepEqual(
        rows.map(({ name, count, total_ns }) => [name, count, total_ns]).sort(),
        Object.entries(counted.operators).map(([name, durations]) => [
          name,
          durations.length,
          durations.reduce((sum, one) => sum + one, 0),
        ]).sort(),
      );
      const categories = Object.fromEntries(rows.map(({ name, category }) => [name, category]));
      assert.equal(categories["aten::addmm"], "ffn");
      assert.equal(categories["aten::native_layer_norm"], "norm");
      assert.equal(categories["aten::argmax"], "sampling");
      const { count, mixed, decode, context_tokens, elapsed_ms } = found.iterations;
      assert.deepEqual([count, mixed, decode, context_tokens], [5, 1, 4, 7]);
      const mean = counted.steps.reduce((sum, one) => sum + one, 0) / 5e6;
      assert.ok(Math.abs(elapsed_ms.mean - mean) < 1e-9);
      assert.equal(found.environment.with_stack, stacks === "stacks");

      // A step cut out is read as one step, and PyTorch's own reader of JSON accepts it.
      const part = `${dir}/part.json.gz`;
      const cut = await vscope(["analyze", path, "--window", "iteration:2..3", "--out", part]);
      assert.equal(cut.code, 0, cut.stderr);
      const again = JSON.parse((await vscope(["analyze", part, "--json"])).stdout);
      assert.equal(again.iterations.count, 2);
    });
  });
}
