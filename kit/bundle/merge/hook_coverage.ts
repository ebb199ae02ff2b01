/**
 * What became of every profiler in every process, those included that no process ever reached.
 *
 * @module
 */

import type { HookRecord, HookStatus } from "../manifest.ts";
import { ownTables } from "../session/own_tables.ts";
import type { RawProcess } from "./raw_session.ts";

/** The profilers of a session and the toggle in `metadata.json` that turns each on or off. */
export const SESSION_PROFILERS: Readonly<Record<string, string>> = {
  forward_pass: "enable_forward_pass_timing",
  cpu_operations: "enable_cpu_timing",
  batch_utilization: "enable_batch_utilization_tracking",
  kv_cache: "enable_kv_cache_tracking",
  kv_eviction: "enable_kv_cache_tracking",
  request_lifecycle: "enable_preemption_tracking",
  cuda_graph: "enable_cuda_graph_tracking",
  moe_expert: "enable_moe_expert_tracking",
  encoder_decoder: "enable_encoder_decoder_timing",
};

/** Profilers of what only some models, or some devices, have. */
const OPTIONAL = ["cuda_graph", "moe_expert", "encoder_decoder"];

/** How the reason of a profiler begins that nobody could expect to work. */
export const EXPECTED_ABSENCE = /^(switched off by|the run had no use)/;

/** The hooks of the manifest: per process as it told, and one `absent` for a profiler without any. */
export function hookCoverage(
  processes: readonly RawProcess[],
  metadata: Readonly<Record<string, unknown>>,
  off: boolean,
): HookRecord[] {
  const hooks: HookRecord[] = [];
  for (const process of processes) {
    for (const hook of process.hooks) {
      hooks.push({
        name: hook.name,
        status: hook.status as HookStatus,
        symbol: hook.symbol,
        ...(hook.reason === undefined ? {} : { reason: hook.reason }),
        process: process.name,
      });
    }
  }
  const reached = new Set(hooks.map((hook) => hook.name));
  for (const [name, toggle] of Object.entries(SESSION_PROFILERS)) {
    if (reached.has(name)) continue;
    const reason = off
      ? "switched off by VLLM_ENABLE_PROFILING=0"
      : metadata[toggle] === false
      ? `switched off by ${toggle.toUpperCase()}`
      : OPTIONAL.includes(name)
      ? "the run had no use for it: no process imported the part of vLLM that it watches"
      : "no process imported the part of vLLM that it watches";
    hooks.push({ name, status: "absent", reason, process: "any" });
  }
  for (const { name, symbols } of ownTables(processes)) {
    if (reached.has(name)) continue;
    const modules = [...new Set(symbols.map((symbol) => symbol.split(":")[0]!))].join(", ");
    const reason = `no process imported ${modules}, which it watches`;
    hooks.push({ name, status: "absent", reason, process: "any" });
  }
  return hooks;
}
