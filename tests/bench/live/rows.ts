/** Rows of a made-up engine, step by step: load comes in waves, so that a view has something to show. */

/** Hooks that are at work. */
export const HOOKS = [
  ...["forward_pass", "batch_utilization", "kv_cache", "kv_eviction", "request_lifecycle"],
  ...["cpu_operations", "scheduler_steps", "cuda_graph", "moe_expert"],
];

/** Headers of the tables that {@linkcode stepRows} fills. */
export const STEP_TABLES = {
  forward_pass_timing:
    "timestamp_sec,step,engine_pid,rank,phase,num_seqs,scheduled_tokens,context_tokens," +
    "generation_tokens,cudagraph_mode,graph_tokens,forward_time_ms,sample_time_ms,host_time_ms,timing",
  batch_utilization:
    "timestamp_sec,step,num_seqs,max_num_seqs,scheduled_tokens,max_tokens,phase,context_requests," +
    "context_tokens,generation_requests,generation_tokens,running_queue_len,waiting_queue_len",
  kv_cache_usage: "timestamp_sec,usage_pct,num_blocks,total_blocks",
  cpu_operations_timing: "timestamp_sec,operation,duration_ms,context,rank",
  request_events:
    "timestamp_sec,request_id,event,status,prompt_tokens,cached_tokens,generated_tokens," +
    "computed_tokens,num_preemptions,recent_steps,reason,free_blocks",
  request_results:
    "timestamp_sec,engine_request_id,request_id,finish_reason,prompt_tokens,cached_tokens," +
    "generated_tokens,ttft_sec,e2e_sec",
  moe_load_imbalance: "timestamp_sec,layer_idx,rank,passes,tokens,mean,std_dev,max,min,experts_hit",
};

/** Steps until a request's first token, and until it has ended. */
const [WAITS, LIVES] = [10, 60];

/** The rows of a step, by table, each with its end. */
export function stepRows(step: number, at: string): Record<string, string> {
  const wave = 0.5 + 0.45 * Math.sin(Number(at) / 6) + 0.05 * Math.sin(step);
  const running = Math.round(120 * wave);
  const prefill = step % 12 === 0;
  const context = prefill ? 40 * running : 0;
  const phase = prefill ? "mixed" : step % 31 === 0 ? "prefill" : "decode";
  const ms = (prefill ? 18 : phase === "prefill" ? 30 : 4) + 3 * wave;
  const used = Math.round(9800 * Math.min(1, 0.05 + wave));
  const operations = ["scheduling", "batch_preparation", "model_execution", "sampling"];
  const rows: Record<string, string> = {
    forward_pass_timing:
      `${at},${step},1,0,${phase},${running},${context + running},${context},${running},` +
      `${prefill ? "NONE" : "FULL"},128,${ms.toFixed(6)},0.8,${ms.toFixed(6)},cuda_event\n`,
    batch_utilization:
      `${at},${step},${running},128,${context + running},8192,${phase},${prefill ? 3 : 0},` +
      `${context},${running},${running},${running},${wave > 0.9 ? 7 : 0}\n`,
    kv_cache_usage: `${at},${(used / 98).toFixed(6)},${used},9800\n`,
    cpu_operations_timing: operations.map((name) => `${at},${name},0.4,step=${step},0\n`).join(""),
  };
  if (step % 5 === 0) {
    const [id, begun, over] = [`r${step}`, `r${step - WAITS}`, `r${step - LIVES}`];
    rows["request_events"] = `${at},${id},queued,,200,,,,,,,\n`;
    if (step > WAITS) {
      rows["request_events"] +=
        `${at},${begun},scheduled,,,0,,,,,,\n${at},${begun},first_token,,,,,,,,,\n`;
    }
    if (step > LIVES) {
      rows["request_events"] += (wave > 0.97
        ? `${at},${over},preempted,,,,,,,,kv_cache_full,0\n${at},${over},resumed,,,,,,,,,\n`
        : "") + `${at},${over},finished,length,200,0,32,231,0,,,\n`;
      rows["request_results"] = `${at},${over},cmpl-${over},length,200,0,32,0.05,1.2\n`;
    }
  }
  if (step % 25 === 0) {
    rows["moe_load_imbalance"] = [0, 1, 2].map((layer) =>
      `${at},${layer},0,25,3000,187.5,${(30 + 20 * wave + 5 * layer).toFixed(3)},260,90,128\n`
    ).join("");
  }
  return rows;
}
