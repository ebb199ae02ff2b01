/**
 * The figures of a session.
 *
 * @module
 */

import type { Manifest } from "../../bundle/manifest.ts";
import { mergedRows, readRawProcesses } from "../../bundle/merge/raw_session.ts";
import { isAbort } from "../../bundle/merge/summaries.ts";
import type { SessionTableName } from "../../bundle/session/session_tables.ts";
import type { FileSystem } from "../../contract/context.ts";
import { type Cell, eachRow, type NumberCell, ofFirstRank } from "../../analysis/table_rows.ts";
import { ratioOf } from "../estimate.ts";
import type { Fact, Figure, FigureName, KindFigures, MatchedRows } from "../figure.ts";
import { figuresOf, SeriesByName, single } from "../series.ts";

const MS: Omit<FigureName, "metric"> = { unit: "ms", better: "lower", scale: "ratio" };
const COUNT: Omit<FigureName, "metric"> = { unit: "", scale: "difference" };
const PERCENT: Omit<FigureName, "metric"> = { unit: "%", scale: "difference" };

/** Passes of one shape of batch, below which its time is not told. */
const LEAST_PASSES = 5;

/** Reads the tables of a session that was merged. Needs read permission. */
export async function sessionFigures(
  files: FileSystem,
  dir: string,
  manifest: Manifest | undefined,
): Promise<KindFigures> {
  const tables = new Tables(files, dir);
  const requests = await readRequests(tables);
  const figures = [
    ...requests.figures,
    ...await readBatches(tables, requests.busy),
    ...await readPasses(tables),
    ...await readOperations(tables),
    ...await readMemory(tables),
    ...await readExperts(tables),
    ...await readEncoders(tables),
  ];
  const shapes = await readShapes(tables);
  const dropped = Object.entries(manifest?.dropped ?? {}).filter(([, rows]) => rows > 0)
    .map(([name, rows]) => `${name}: ${rows} rows were dropped while it was recorded`);
  return {
    facts: requests.facts,
    figures,
    matched: shapes.matched,
    leftOut: [...dropped, ...shapes.leftOut],
  };
}

class Tables {
  readonly found = new Set<SessionTableName>();

  constructor(readonly files: FileSystem, readonly dir: string) {}

  async each(
    name: SessionTableName,
    take: (cell: Cell, number: NumberCell) => void,
  ): Promise<number> {
    const read = await eachRow(this.files, this.dir, name, take);
    if (read) this.found.add(name);
    return read?.rows ?? 0;
  }
}

async function readRequests(
  tables: Tables,
): Promise<{ figures: Figure[]; facts: Fact[]; busy: readonly Span[] }> {
  const clients = await clientTimes(tables.files, tables.dir);
  const times = new SeriesByName();
  const spans: Span[] = [];
  const sums = { requests: 0, prompt_tokens: 0, generated_tokens: 0, unfinished: 0 };
  let preemptions = 0;
  // The table is in the order of arrival.
  await tables.each("request_lifecycle", (cell, number) => {
    const generated = number("generated_tokens") || 0;
    sums.requests++;
    sums.prompt_tokens += number("prompt_tokens") || 0;
    sums.generated_tokens += generated;
    preemptions += number("num_preemptions") || 0;
    const [queued, finished] = [number("queued_sec"), number("finished_sec")];
    if (!Number.isFinite(finished - queued) || isAbort(cell("status"))) {
      sums.unfinished++;
      return;
    }
    const first = number("first_token_sec");
    const client = clients.get(cell("engine_request_id"));
    spans.push([queued, finished]);
    // As session_summary.json has them.
    times.add("ttft_ms", 1000 * (client?.ttft ?? first - queued));
    times.add("e2e_ms", 1000 * (client?.e2e ?? finished - queued));
    times.add("queue_ms", 1000 * (number("started_sec") - queued));
    if (generated > 1) times.add("tpot_ms", 1000 * (finished - first) / (generated - 1));
  });
  if (!tables.found.has("request_lifecycle")) return { figures: [], facts: [], busy: [] };
  return {
    figures: [
      ...times.figures("requests", ["mean", "p50", "p95"], MS),
      ...single("requests.preemptions", preemptions, { ...COUNT, better: "lower" }),
    ],
    facts: Object.entries(sums).map(([name, value]) => ({ subject: "load", name, value })),
    busy: union(spans),
  };
}

interface ClientTimes {
  readonly ttft: number | undefined;
  readonly e2e: number | undefined;
}

/** Seconds as the process that talks to clients measured them, by the engine's id of the request. */
async function clientTimes(files: FileSystem, dir: string): Promise<Map<string, ClientTimes>> {
  const found = new Map<string, ClientTimes>();
  const { processes } = await readRawProcesses(files, dir);
  for await (const row of mergedRows(files, processes, "request_results", { lines: 0 })) {
    found.set(row.get("engine_request_id"), {
      ttft: row.number("ttft_sec"),
      e2e: row.number("e2e_sec"),
    });
  }
  return found;
}

type Span = readonly [start: number, end: number];

function union(spans: readonly Span[]): Span[] {
  const found: [number, number][] = [];
  for (const [start, end] of spans.toSorted(([one], [other]) => one - other)) {
    const last = found.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else found.push([start, end]);
  }
  return found;
}

/** Batches; their rate counts the time in which some request was there. */
async function readBatches(tables: Tables, busy: readonly Span[]): Promise<Figure[]> {
  const at: number[] = [];
  const tokens: number[] = [];
  const sizes = new SeriesByName();
  await tables.each("batch_utilization", (_cell, number) => {
    at.push(number("timestamp_sec"));
    tokens.push(number("num_tokens"));
    sizes.add("requests", number("num_seqs"));
    sizes.add("tokens", number("num_tokens"));
    sizes.add("waiting_requests", number("waiting_queue_len"));
  });
  const seconds = at.map((start, place) => overlap(busy, start, at[place + 1] ?? Infinity));
  const known = seconds.every(Number.isFinite) && tokens.every(Number.isFinite);
  const rate = known ? ratioOf(tokens, seconds, "ratio") : undefined;
  return [
    ...(rate
      ? [{
        metric: "throughput.tokens_per_s",
        unit: "tokens/s",
        better: "higher" as const,
        scale: "ratio" as const,
        ...rate,
      }]
      : []),
    ...sizes.figures("batches", ["mean"], COUNT),
  ];
}

/** How much of the spans, which rise, lies between two moments. */
function overlap(spans: readonly Span[], start: number, end: number): number {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]![1] > start) high = middle;
    else low = middle + 1;
  }
  let sum = 0;
  for (let place = low; place < spans.length && spans[place]![0] < end; place++) {
    sum += Math.min(end, spans[place]![1]) - Math.max(start, spans[place]![0]);
  }
  return sum;
}

const PHASES = ["prefill", "decode", "mixed"];

function stepMs(number: NumberCell): number {
  return number("forward_time_ms") + (number("sample_time_ms") || 0);
}

async function readPasses(tables: Tables): Promise<Figure[]> {
  const times = new SeriesByName();
  const replayed: number[] = [];
  await tables.each("forward_pass_timing", (cell, number) => {
    if (!ofFirstRank(cell)) return;
    const phase = PHASES.includes(cell("phase")) ? cell("phase") : "other";
    times.add(`${phase}_ms`, stepMs(number));
    const mode = cell("cudagraph_mode");
    if (mode !== "") replayed.push(mode === "NONE" ? 0 : 100);
  });
  return [
    ...times.figures("steps", ["mean", "p50", "p95"], MS),
    ...figuresOf("cuda_graphs.replayed_pct", replayed, ["mean"], {
      unit: "%",
      better: "higher",
      scale: "difference",
    }),
  ];
}

/** Steps of one shape of batch, so that a change of the batches is told from one of their time. */
async function readShapes(
  tables: Tables,
): Promise<{ matched: MatchedRows[]; leftOut: string[] }> {
  const times = new SeriesByName();
  await tables.each("forward_pass_timing", (cell, number) => {
    if (!ofFirstRank(cell)) return;
    const size = number("num_tokens");
    // Decodes have few different sizes; prompts have many, and are taken together by powers of two.
    const shape = cell("phase") === "decode" ? size : 2 ** Math.ceil(Math.log2(Math.max(1, size)));
    times.add(`${cell("phase")} ${shape}`, stepMs(number));
  });
  const rows = new Map<string, number>();
  let [rare, passes] = [0, 0];
  for (const [shape, values] of times.entries()) {
    const middle = values.length < LEAST_PASSES
      ? []
      : figuresOf("shape", values, ["p50"], { ...MS, scale: "difference" });
    const [found] = middle;
    if (found && found.value > 0) rows.set(shape, found.value);
    else [rare, passes] = [rare + 1, passes + values.length];
  }
  return {
    matched: rows.size === 0 ? [] : [{ ...MS, metric: "steps_by_batch.ms", rows }],
    leftOut: rare === 0 ? [] : [
      `steps_by_batch: ${rare} batch shapes were seen less than ${LEAST_PASSES} times (${passes} steps)`,
    ],
  };
}

async function readOperations(tables: Tables): Promise<Figure[]> {
  const times = new SeriesByName();
  await tables.each("cpu_operations_timing", (cell, number) => {
    times.add(`${cell("operation")}_ms`, number("duration_ms"));
  });
  return times.figures("cpu_operations", ["mean", "p50"], MS);
}

async function readMemory(tables: Tables): Promise<Figure[]> {
  const usage: number[] = [];
  await tables.each("kv_cache_usage", (_cell, number) => {
    const value = number("usage_pct");
    if (Number.isFinite(value)) usage.push(value);
  });
  const evictions = await tables.each("kv_cache_evictions", () => {});
  return [
    ...figuresOf("kv_cache.usage_pct", usage, ["mean"], PERCENT),
    ...single(
      "kv_cache.most_usage_pct",
      usage.length === 0 ? undefined : usage.reduce((most, value) => Math.max(most, value), 0),
      PERCENT,
    ),
    ...(tables.found.has("kv_cache_evictions")
      ? single("kv_cache.evictions", evictions, { ...COUNT, better: "lower" })
      : []),
  ];
}

async function readExperts(tables: Tables): Promise<Figure[]> {
  const loads: number[] = [];
  await tables.each("moe_load_imbalance", (_cell, number) => {
    const load = number("max_activations") / number("mean_activations");
    if (Number.isFinite(load)) loads.push(load);
  });
  return figuresOf("experts.most_over_mean", loads, ["mean"], {
    unit: "×",
    better: "lower",
    scale: "ratio",
  });
}

async function readEncoders(tables: Tables): Promise<Figure[]> {
  const times = new SeriesByName();
  await tables.each("encoder_decoder_timing", (cell, number) => {
    times.add(`${cell("component")}_ms`, number("duration_ms"));
  });
  return times.figures("encoders", ["mean", "p50"], MS);
}
