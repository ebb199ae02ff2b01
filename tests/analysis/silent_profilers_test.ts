import assert from "node:assert/strict";
import { silentProfilers } from "../../kit/analysis/silent_profilers.ts";
import type { HookRecord, HookStatus } from "../../kit/bundle/manifest.ts";

const hook = (
  name: string,
  status: HookStatus,
  process: string,
  reason?: string,
  symbol = "m:C.f",
): HookRecord => ({ name, status, process, symbol, ...(reason === undefined ? {} : { reason }) });

Deno.test("a profiler is silent when no process could watch anything for it", () => {
  const moved = "this vLLM's m:C.f lacks (no such method)";
  assert.deepEqual(
    silentProfilers([
      hook("kv_cache", "absent", "engine_core-1", moved),
      hook("kv_cache", "absent", "engine_core-2", moved),
      hook("forward_pass", "absent", "engine_core-1", moved),
      hook("forward_pass", "attached", "worker-3"),
      hook("cpu_operations", "failed", "worker-3", "ValueError"),
      hook("cuda_graph", "absent", "any", "the run had no use for it: no process imported it"),
      hook("batch_utilization", "absent", "any", "no process imported the part that it watches"),
    ]),
    [
      { name: "kv_cache", reasons: [moved] },
      { name: "batch_utilization", reasons: ["no process imported the part that it watches"] },
    ],
  );
});

Deno.test("experts that no rank counts are told, and those that one rank counts are not", () => {
  const monolithic = "the MoE kernel of this layer routes inside itself (monolithic)";
  const attached = hook("moe_expert", "attached", "worker-1");
  const without = hook("moe_expert", "absent", "worker-1", monolithic, "counters");
  assert.deepEqual(silentProfilers([attached, without]), [
    { name: "moe_expert", reasons: [monolithic] },
  ]);
  const counting = hook("moe_expert", "attached", "worker-2", undefined, "counters");
  assert.deepEqual(silentProfilers([attached, without, counting]), []);
});
