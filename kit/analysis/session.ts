/**
 * A session bundle, read for people: figures, series for charts, requests.
 *
 * Tables are streamed; series are bounded, and of requests the slowest are kept.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import { UsageError } from "../contract/errors.ts";
import { readManifest } from "../bundle/manifest_file.ts";
import { Samples } from "../bundle/merge/samples.ts";
import type { SessionTableName } from "../bundle/session/session_tables.ts";
import { Series } from "./downsample.ts";
import { readExperts } from "./experts.ts";
import { readGraphs } from "./graphs.ts";
import { readOwnTables } from "./own_tables.ts";
import { compareWithVllm } from "./vllm_metrics/compare.ts";
import { sessionUtilization } from "./session_utilization.ts";
import type { RequestRow, SessionAnalysis, SessionSummary } from "./session_model.ts";
import { type Cell, eachRow as eachRowOf, type NumberCell, ofFirstRank } from "./table_rows.ts";
import { Timings } from "./timings.ts";

export type * from "./session_model.ts";

/**
 * Most requests that are kept one by one: the slowest.
 *
 * @example Requests one by one, and how many there were
 * ```ts
 * import assert from "node:assert/strict";
 * import { analyzeSession, MOST_REQUESTS } from "@vscope/vscope";
 *
 * const { requests, requestCount } = await analyzeSession(Deno, "perf/examples/session");
 * assert.equal(requests.length, Math.min(requestCount, MOST_REQUESTS));
 * ```
 */
export const MOST_REQUESTS = 400;

/**
 * Reads a merged session bundle. Needs read permission.
 *
 * @throws {UsageError} when the folder holds no bundle.
 *
 * @example Forward passes, requests and batches
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   analyzeSession,
 *   type BatchAnalysis,
 *   type Points,
 *   type RequestRow,
 *   type SessionAnalysis,
 *   type SessionSummary,
 *   type Statistics,
 *   type Timing,
 * } from "@vscope/vscope";
 *
 * const session: SessionAnalysis = await analyzeSession(Deno, "perf/examples/session");
 * const decode: Timing = session.phases.find(({ name }) => name === "decode")!;
 * const { count, p99 }: Statistics = decode.statistics;
 * console.log(count, "passes of decode, P99", p99, "ms");
 * const first: RequestRow = session.requests[0]!;
 * const summary: SessionSummary = session.summary;
 * assert.equal(summary.requests?.["count"], session.requestCount);
 * const batches: BatchAnalysis | undefined = session.batches; // none where no batch was recorded
 * const running: Points | undefined = batches?.running; // a chart: x in seconds, y in requests
 * console.log(first.id, Math.max(...running?.y ?? []), "requests ran at once");
 * ```
 *
 * @example CUDA graphs and utilization
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   analyzeSession,
 *   type GraphAnalysis,
 *   type GraphUse,
 *   type MeasuredModel,
 *   type PhaseUtilization,
 *   type Precision,
 *   type SessionUtilization,
 * } from "@vscope/vscope";
 *
 * const session = await analyzeSession(Deno, "perf/examples/session");
 * const graphs: GraphAnalysis = session.graphs!; // none where nothing could have been replayed
 * const most: GraphUse = graphs.uses[0]!;
 * console.log(graphs.summary.coverage_pct, "% of passes;", most.mode, most.tokens, most.replays);
 * const utilization: SessionUtilization | undefined = session.utilization;
 * const decode: PhaseUtilization | undefined = utilization?.phases["decode"];
 * if (decode?.mbuPct !== undefined) assert.ok(decode.mbuPct > 0); // absent on an unknown device
 * const precision: Precision | undefined = utilization?.device?.precision; // whose peak MFU is of
 * const measured: MeasuredModel | undefined = utilization?.measured; // whose error is known
 * console.log(precision, measured, utilization?.unknown?.mbu); // the last: why there is no MBU
 * ```
 *
 * @example Experts
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   analyzeSession,
 *   type ExpertAnalysis,
 *   type ExpertPair,
 *   type LayerLoad,
 * } from "@vscope/vscope";
 *
 * const session = await analyzeSession(Deno, "perf/examples/moe");
 * const experts: ExpertAnalysis = session.experts!; // none for a model without experts
 * const layer: LayerLoad = experts.layers[0]!;
 * assert.equal(layer.total, layer.counts.reduce((sum, count) => sum + count));
 * const pair: ExpertPair = experts.pairs[0]!;
 * console.log(pair.first, pair.second, "were chosen together", pair.count, "times");
 * ```
 *
 * @example vLLM's own metrics, and tables of profilers of your own
 * ```ts
 * import {
 *   analyzeSession,
 *   type Column,
 *   type ColumnType,
 *   type Compared,
 *   type OwnAnalysis,
 *   type OwnColumn,
 *   type OwnNumbers,
 *   type OwnTable,
 *   type OwnWords,
 *   type ScrapeRecord,
 *   type VllmComparison,
 * } from "@vscope/vscope";
 *
 * const session = await analyzeSession(Deno, "perf/examples/session");
 * const vllm: VllmComparison | undefined = session.vllm; // with --with-vllm-metrics
 * const asked: ScrapeRecord | undefined = vllm?.scrapes;
 * const rows: Compared[] = vllm?.rows ?? [];
 * for (const { what, ours, difference } of rows) console.log(asked?.url, what, ours, difference);
 *
 * const own: OwnAnalysis[] = session.own; // with --profiler
 * for (const { table, numbers, words } of own) {
 *   const { name, columns }: OwnTable = table;
 *   const known: readonly OwnColumn[] = columns;
 *   for (const { name: column, type, unit } of known) {
 *     const described: Column = unit === undefined ? { type } : { type, unit };
 *     const kind: ColumnType = described.type;
 *     console.log(name, column, kind, unit);
 *   }
 *   const [number]: OwnNumbers[] = numbers;
 *   const [word]: OwnWords[] = words;
 *   console.log(number?.statistics?.p50, word?.frequent[0]?.value);
 * }
 * ```
 */
export async function analyzeSession(files: FileSystem, dir: string): Promise<SessionAnalysis> {
  const manifest = await readManifest(files, dir);
  if (!manifest) {
    throw new UsageError(`Cannot read "${dir}": it holds no bundle.json; give a bundle's folder`);
  }
  const analysis: SessionAnalysis = {
    dir,
    manifest,
    summary: await readSummary(files, `${dir}/session_summary.json`),
    rows: {},
    cut: {},
    phases: [],
    timing: [],
    passes: {},
    operations: [],
    own: await readOwnTables(files, dir, manifest),
    encoders: [],
    requests: [],
    requestCount: 0,
  };
  await readPasses(files, analysis);
  await readOperations(files, analysis);
  await readKv(files, analysis);
  await readBatches(files, analysis);
  await readEvictions(files, analysis);
  await readEncoders(files, analysis);
  await readRequestRows(files, analysis);
  const parts = {
    graphs: await readGraphs(files, dir),
    experts: await readExperts(files, dir),
    utilization: await sessionUtilization(files, dir, manifest),
    vllm: await compareWithVllm(files, dir),
  };
  for (const [name, part] of Object.entries(parts)) {
    if (part) Object.assign(analysis, { [name]: part });
  }
  return analysis;
}

/** Streams a table, and notes how many rows it had and lost. */
async function eachRow(
  files: FileSystem,
  analysis: SessionAnalysis,
  name: SessionTableName,
  take: (cell: Cell, number: NumberCell) => void,
): Promise<void> {
  const found = await eachRowOf(files, analysis.dir, name, take);
  if (!found) return;
  analysis.rows[name] = found.rows;
  if (found.cut > 0) analysis.cut[name] = found.cut;
}

/** Phases of an iteration; what else a table may say is `other`. */
const PHASES = ["prefill", "decode", "mixed"];

async function readPasses(files: FileSystem, analysis: SessionAnalysis): Promise<void> {
  const timings = new Timings();
  const all = new Samples();
  const series = new Map<string, Series>();
  const how = new Set<string>();
  await eachRow(files, analysis, "forward_pass_timing", (cell, number) => {
    const phase = PHASES.includes(cell("phase")) ? cell("phase") : "other";
    const ms = number("forward_time_ms");
    const first = ofFirstRank(cell);
    timings.add(phase, ms, first ? 1 : 0);
    if (first) all.add(ms + (number("sample_time_ms") || 0));
    let points = series.get(phase);
    if (!points) series.set(phase, points = new Series());
    points.add(number("timestamp_sec"), ms);
    if (cell("timing")) how.add(cell("timing"));
  });
  analysis.phases = timings.all();
  analysis.timing = [...how].sort();
  const statistics = all.statistics();
  if (statistics) analysis.iterationMs = statistics;
  for (const [phase, points] of series) analysis.passes[phase] = points.points();
}

async function readOperations(files: FileSystem, analysis: SessionAnalysis): Promise<void> {
  const timings = new Timings();
  await eachRow(files, analysis, "cpu_operations_timing", (cell, number) => {
    timings.add(cell("operation"), number("duration_ms"));
  });
  analysis.operations = timings.all().sort((a, b) => b.totalMs - a.totalMs);
}

async function readKv(files: FileSystem, analysis: SessionAnalysis): Promise<void> {
  const usage = new Series();
  const samples = new Samples();
  let totalBlocks = 0;
  await eachRow(files, analysis, "kv_cache_usage", (_cell, number) => {
    usage.add(number("timestamp_sec"), number("usage_pct"));
    samples.add(number("usage_pct"));
    totalBlocks = Math.max(totalBlocks, number("total_blocks") || 0);
  });
  const statistics = samples.statistics();
  if (statistics) analysis.kv = { usage: usage.points(), statistics, totalBlocks };
}

async function readEvictions(files: FileSystem, analysis: SessionAnalysis): Promise<void> {
  const sums = { count: 0, lifetime: 0, idle: 0, neverUsed: 0 };
  await eachRow(files, analysis, "kv_cache_evictions", (_cell, number) => {
    sums.count++;
    sums.lifetime += number("lifetime_sec");
    sums.idle += number("idle_sec");
    if (number("access_count") === 0) sums.neverUsed++;
  });
  if (analysis.rows.kv_cache_evictions === undefined) return;
  analysis.evictions = {
    count: sums.count,
    lifetimeSec: sums.lifetime / Math.max(1, sums.count),
    idleSec: sums.idle / Math.max(1, sums.count),
    neverUsed: sums.neverUsed,
  };
}

async function readEncoders(files: FileSystem, analysis: SessionAnalysis): Promise<void> {
  const timings = new Timings();
  await eachRow(files, analysis, "encoder_decoder_timing", (cell, number) => {
    timings.add(cell("component"), number("duration_ms"));
  });
  analysis.encoders = timings.all();
}

async function readBatches(files: FileSystem, analysis: SessionAnalysis): Promise<void> {
  const series = {
    sequences: new Series(),
    tokens: new Series(),
    running: new Series(),
    waiting: new Series(),
  };
  const shares = { sequences: new Samples(), tokens: new Samples() };
  const sums = {
    maxSeqs: 0,
    maxTokens: 0,
    underutilized: 0,
    waitingWithRoom: 0,
    contextTokens: 0,
    generationTokens: 0,
  };
  await eachRow(files, analysis, "batch_utilization", (_cell, number) => {
    const at = number("timestamp_sec");
    const tokenShare = number("token_utilization_pct");
    series.sequences.add(at, number("seq_utilization_pct"));
    series.tokens.add(at, tokenShare);
    series.running.add(at, number("running_queue_len"));
    series.waiting.add(at, number("waiting_queue_len"));
    shares.sequences.add(number("seq_utilization_pct"));
    shares.tokens.add(tokenShare);
    sums.maxSeqs = Math.max(sums.maxSeqs, number("max_num_seqs") || 0);
    sums.maxTokens = Math.max(sums.maxTokens, number("max_tokens") || 0);
    sums.contextTokens += number("context_tokens") || 0;
    sums.generationTokens += number("generation_tokens") || 0;
    if (tokenShare < 50) sums.underutilized++;
    const room = number("running_queue_len") < number("max_num_seqs");
    if (number("waiting_queue_len") > 0 && room) sums.waitingWithRoom++;
  });
  const sequenceShare = shares.sequences.statistics();
  const tokenShare = shares.tokens.statistics();
  if (!sequenceShare || !tokenShare) return;
  analysis.batches = {
    sequences: series.sequences.points(),
    tokens: series.tokens.points(),
    running: series.running.points(),
    waiting: series.waiting.points(),
    sequenceShare,
    tokenShare,
    ...sums,
  };
}

async function readRequestRows(files: FileSystem, analysis: SessionAnalysis): Promise<void> {
  let rows: RequestRow[] = [];
  let first = Infinity;
  let last = -Infinity;
  const slowestFirst = (a: RequestRow, b: RequestRow) => durationOf(b) - durationOf(a);
  await eachRow(files, analysis, "request_lifecycle", (cell, number) => {
    analysis.requestCount++;
    const row: RequestRow = {
      id: cell("request_id"),
      status: cell("status"),
      preemptions: number("num_preemptions") || 0,
    };
    for (const [name, column] of Object.entries(REQUEST_COLUMNS)) {
      const value = number(column);
      if (Number.isFinite(value)) Object.assign(row, { [name]: value });
    }
    const length = (row.prompt ?? 0) + (row.generated ?? 0);
    if (length > (analysis.longestRequest ?? 0)) analysis.longestRequest = length;
    first = Math.min(first, row.queued ?? Infinity);
    last = Math.max(last, row.finished ?? -Infinity);
    rows.push(row);
    if (rows.length > 4 * MOST_REQUESTS) rows = rows.sort(slowestFirst).slice(0, MOST_REQUESTS);
  });
  rows = rows.sort(slowestFirst).slice(0, MOST_REQUESTS);
  analysis.requests = rows.sort((a, b) => (a.queued ?? 0) - (b.queued ?? 0));
  if (last > first) analysis.servingSec = last - first;
}

/** Columns of request_lifecycle.csv that may be empty. */
const REQUEST_COLUMNS = {
  queued: "queued_sec",
  started: "started_sec",
  firstToken: "first_token_sec",
  finished: "finished_sec",
  prompt: "prompt_tokens",
  cached: "cached_tokens",
  generated: "generated_tokens",
} as const satisfies Partial<Record<keyof RequestRow, string>>;

/**
 * Seconds from arrival to end; Infinity for a request that has no end.
 *
 * @example The slowest request
 * ```ts
 * import assert from "node:assert/strict";
 * import { analyzeSession, durationOf } from "@vscope/vscope";
 *
 * const { requests } = await analyzeSession(Deno, "perf/examples/session");
 * assert.ok(Math.max(...requests.map(durationOf)) > 0);
 * ```
 */
export function durationOf(row: RequestRow): number {
  return row.finished === undefined ? Infinity : row.finished - (row.queued ?? row.finished);
}

async function readSummary(files: FileSystem, path: string): Promise<SessionSummary> {
  try {
    const summary = JSON.parse(await files.readTextFile(path));
    return typeof summary === "object" && summary !== null ? summary : {};
  } catch {
    return {};
  }
}
