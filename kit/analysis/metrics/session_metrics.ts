/**
 * Fills the metrics of a session from its tables, row by row.
 *
 * @module
 */

import type { Manifest } from "../../bundle/manifest.ts";
import {
  declaredColumns,
  type OwnTable,
  presentOwnTables,
} from "../../bundle/session/own_tables.ts";
import { Samples } from "../../bundle/merge/samples.ts";
import type { SessionTableName } from "../../bundle/session/session_tables.ts";
import type { FileSystem } from "../../contract/context.ts";
import { type Cell, eachRow, eachRowOf, type NumberCell } from "../table_rows.ts";
import { THRESHOLDS } from "../thresholds.ts";
import type { Labels } from "./families.ts";
import { type SessionFamilies, sessionFamilies } from "./session_families.ts";

/** What a row of a merged table adds. */
type Take = (to: SessionFamilies, cell: Cell, number: NumberCell) => void;

/** An id that vLLM drew by lot: one that a client chose may say anything, and stays out of the metrics. */
const MADE_BY_VLLM = /^(cmpl|chatcmpl)-[0-9a-f]{16,32}(-\d+)*$/;

/** Tables that metrics are made of. */
export const TAKES: Partial<Record<SessionTableName, Take>> = {
  forward_pass_timing(to, cell, number) {
    const worker = { phase: cell("phase"), rank: cell("rank") || undefined };
    const step = cell("step");
    const trace = step === "" ? undefined : { step };
    to.passSeconds.observe(number("forward_time_ms") / 1000, worker, trace);
    to.passes.add(1, { ...worker, cudagraph_mode: cell("cudagraph_mode") || undefined });
    to.passTokens.add(number("num_tokens"), worker);
  },
  cpu_operations_timing(to, cell, number) {
    to.operationSeconds.observe(number("duration_ms") / 1000, { operation: cell("operation") });
  },
  encoder_decoder_timing(to, cell, number) {
    to.componentSeconds.observe(number("duration_ms") / 1000, { component: cell("component") });
  },
  batch_utilization(to, cell, number) {
    const engine = { pid: cell("pid") };
    const [waiting, room] = [
      number("waiting_queue_len"),
      number("max_num_seqs") - number("running_queue_len"),
    ];
    to.batches.add(1, { phase: cell("phase") });
    const underutilized = number("token_utilization_pct") < THRESHOLDS.tokenUtilizationLow.value;
    to.underutilized.add(underutilized ? 1 : 0);
    to.waitingWithRoom.add(waiting > 0 && room > 0 ? 1 : 0);
    to.scheduledTokens.add(number("context_tokens"), { kind: "context" });
    to.scheduledTokens.add(number("generation_tokens"), { kind: "generation" });
    to.recomputed.add(number("recomputed_tokens"));
    to.overscheduled.add(number("overscheduled_tokens"));
    to.running.set(number("running_queue_len"), engine);
    to.waiting.set(waiting, engine);
    to.waitingPeak.raise(waiting, engine);
  },
  kv_cache_usage(to, cell, number) {
    const engine = { pid: cell("pid") };
    const [used, total] = [number("num_blocks"), number("total_blocks")];
    to.kvRatio.set(used / total, engine);
    to.kvPeak.raise(used / total, engine);
    to.kvUsed.set(used, engine);
    to.kvTotal.set(total, engine);
  },
  kv_cache_evictions(to, _cell, number) {
    to.evicted.add(1);
    to.blockLife.observe(number("lifetime_sec"));
    to.blockIdle.observe(number("idle_sec"));
  },
  cuda_graph_captures(to, cell) {
    to.graphCaptures.add(1, {
      runtime_mode: cell("runtime_mode"),
      rank: cell("rank") || undefined,
    });
  },
  cuda_graph_usage(to, cell, number) {
    to.graphReplays.add(number("replay_count"), {
      runtime_mode: cell("runtime_mode"),
      num_tokens: cell("num_tokens"),
      rank: cell("rank") || undefined,
    });
  },
  request_lifecycle(to, cell, number) {
    const [queued, first] = [number("queued_sec"), number("first_token_sec")];
    const finished = number("finished_sec");
    const generated = number("generated_tokens");
    to.requests.add(1, { status: cell("status") });
    to.prompt.add(number("prompt_tokens"));
    to.cached.add(number("cached_tokens"));
    to.generated.add(generated);
    const id = cell("request_id");
    const trace = MADE_BY_VLLM.test(id) ? { request_id: id } : undefined;
    to.queueSeconds.observe(number("started_sec") - queued, {}, trace);
    to.firstTokenSeconds.observe(first - queued, {}, trace);
    to.requestSeconds.observe(finished - queued, {}, trace);
    if (generated > 1) {
      to.perTokenSeconds.observe((finished - first) / (generated - 1), {}, trace);
    }
  },
  preemption_events(to, cell) {
    if (cell("event") === "preempted") to.preemptions.add(1);
    if (cell("event") === "resumed") to.resumptions.add(1);
  },
};

/** Counters that are 0, and not absent, where their table is there without a row. */
export const ZEROS: Partial<Record<SessionTableName, readonly (keyof SessionFamilies)[]>> = {
  batch_utilization: ["underutilized", "waitingWithRoom", "recomputed", "overscheduled"],
  kv_cache_evictions: ["evicted"],
  request_lifecycle: ["prompt", "cached", "generated"],
  preemption_events: ["preemptions", "resumptions"],
};

/**
 * Reads the last state of a session. What was not recorded has no value. Needs read permission.
 *
 * Of the tables nothing is kept: memory depends on the number of label sets, not of rows.
 */
export async function sessionMetrics(
  files: FileSystem,
  dir: string,
  manifest: Manifest,
): Promise<SessionFamilies> {
  const families = sessionFamilies();
  takeManifest(families, manifest);
  for (const [name, take] of Object.entries(TAKES) as [SessionTableName, Take][]) {
    const found = await eachRow(files, dir, name, (cell, number) => take(families, cell, number));
    if (found) { for (const family of ZEROS[name] ?? []) families[family].add(0); }
  }
  await takeExperts(families, files, dir);
  for (const table of await presentOwnTables(files, dir, manifest.tables)) {
    families.ownRows.add(0, { table: table.name });
    await eachRowOf(
      files,
      `${dir}/${table.path}`,
      (cell, number) => takeOwnRow(families, table, cell, number),
    );
  }
  return families;
}

/** A row of a table of the user's own profiler. */
export function takeOwnRow(
  to: SessionFamilies,
  table: OwnTable,
  cell: Cell,
  number: NumberCell,
): void {
  to.ownRows.add(1, { table: table.name });
  for (const { name, type, unit } of declaredColumns(table)) {
    if (type !== "integer" && type !== "number") continue;
    to.ownValue.set(number(name), { table: table.name, column: name, unit, pid: cell("pid") });
  }
}

/** What the metrics take of a manifest. */
export type ManifestFacts = Pick<
  Manifest,
  | "recipe"
  | "status"
  | "versions"
  | "engine"
  | "devices"
  | "started_at"
  | "ended_at"
  | "hooks"
  | "dropped"
>;

/** Fills what is not in the tables. */
export function takeManifest(to: SessionFamilies, manifest: ManifestFacts): void {
  const { versions, engine, devices, started_at: start, ended_at: end } = manifest;
  const known = (value: unknown) => value === undefined ? undefined : String(value);
  to.session.set(1, {
    recipe: manifest.recipe,
    status: manifest.status ?? "running",
    vscope_version: versions.vscope,
    vllm_version: versions.vllm,
    torch_version: versions.torch,
    model: known(engine["model"]),
    dtype: known(engine["dtype"]),
    device: devices[0]?.name,
  });
  to.start.set(Date.parse(start) / 1000);
  if (end !== undefined) to.duration.set((Date.parse(end) - Date.parse(start)) / 1000);
  for (const status of ["attached", "absent", "failed"]) {
    to.hooks.set(manifest.hooks.filter((hook) => hook.status === status).length, { status });
  }
  for (const [table, rows] of Object.entries(manifest.dropped)) to.dropped.add(rows, { table });
}

/** The load of experts at the session's end. */
export async function takeExperts(
  to: SessionFamilies,
  files: FileSystem,
  dir: string,
): Promise<void> {
  const layers = new Map<string, ExpertLoads>();
  await eachRow(files, dir, "moe_expert_activations", (cell, number) => {
    const labels = { layer: cell("layer_idx"), rank: cell("rank") || undefined };
    const key = JSON.stringify(labels);
    let layer = layers.get(key);
    if (!layer) layers.set(key, layer = { labels, loads: [] });
    layer.loads.push(number("activation_count"));
  });
  for (const layer of layers.values()) takeExpertLoads(to, layer);
}

/** A layer's load: choices per expert. */
export interface ExpertLoads {
  labels: Labels;
  loads: number[];
}

/** Fills the metrics of a layer's experts. */
export function takeExpertLoads(to: SessionFamilies, { labels, loads }: ExpertLoads): void {
  const statistics = Samples.of(loads).statistics();
  if (!statistics) return;
  const { mean, std, min, max } = statistics;
  to.expertChoices.add(loads.reduce((a, b) => a + b, 0), labels);
  if (min > 0) to.expertRatio.set(max / min, labels);
  if (mean > 0) to.expertDeviation.set(std / mean, labels);
  to.idleExperts.set(loads.filter((load) => load === 0).length, labels);
}
