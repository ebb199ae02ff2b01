/**
 * CUDA graphs: captured descriptors, their replays, and the share of passes that they served.
 *
 * @module
 */

import { type MergeSource, open, watched } from "./source.ts";
import { mergedRows, type RawRow } from "./raw_session.ts";

/** What cuda_graph_summary.json holds; shares are of forward passes, in percent. */
export interface GraphFigures {
  passes: number;
  replayed: number;
  phases: Map<string, { passes: number; replayed: number }>;
  /** Tokens of replayed graphs, and those of them that were padding. */
  graphTokens: number;
  paddingTokens: number;
  descriptors: number;
  replays: number;
  launches: number;
}

/** Writes the three tables; nothing where no process watched graphs. */
export async function writeGraphs(
  source: MergeSource,
  interval: number,
): Promise<GraphFigures | undefined> {
  if (!watched(source, "cuda_graph")) return undefined;
  const figures: GraphFigures = {
    passes: 0,
    replayed: 0,
    phases: new Map(),
    graphTokens: 0,
    paddingTokens: 0,
    descriptors: 0,
    replays: 0,
    launches: 0,
  };
  await writeDescriptors(source, figures);
  await writeTimeline(source, figures, interval);
  return figures.passes > 0 || figures.descriptors > 0 ? figures : undefined;
}

/** Python's words, as users' scripts know them. */
const pythonic = (value: string) => value === "" ? "None" : value;

async function writeDescriptors(source: MergeSource, figures: GraphFigures): Promise<void> {
  // The last row of a descriptor holds its totals.
  const last = new Map<string, RawRow>();
  for await (const row of mergedRows(source.files, source.processes, "cuda_graphs", source.cut)) {
    last.set([row.process.pid, ...shapeOf(row), row.get("num_active_loras")].join(), row);
  }
  const rows = [...last.values()];
  const captures = await open(source, "cuda_graph_captures");
  const at = (row: RawRow) => row.number("capture_time_sec") ?? Infinity;
  for (const row of rows.filter((row) => row.get("graphs")).sort((a, b) => at(a) - at(b))) {
    await captures.add([
      ...shapeOf(row),
      row.get("capture_time_sec"),
      row.get("num_active_loras"),
      row.get("graphs"),
      row.get("capture_duration_sec"),
      row.process.rank,
      row.process.pid,
    ]);
  }
  await captures.close();
  const usage = await open(source, "cuda_graph_usage");
  const count = (row: RawRow) => row.number("replay_count") ?? 0;
  for (const row of rows.sort((a, b) => count(b) - count(a))) {
    figures.descriptors++;
    figures.replays += count(row);
    figures.launches += count(row) * (row.number("graphs") ?? 1);
    await usage.add([
      ...shapeOf(row),
      row.get("replay_count"),
      row.get("num_active_loras"),
      row.get("graphs"),
      row.get("warmup_count"),
      row.process.rank,
      row.process.pid,
    ]);
  }
  await usage.close();
}

function shapeOf(row: RawRow): string[] {
  return ["runtime_mode", "num_tokens", "num_reqs", "uniform", "has_lora"].map((name) =>
    pythonic(row.get(name))
  );
}

async function writeTimeline(
  source: MergeSource,
  figures: GraphFigures,
  interval: number,
): Promise<void> {
  const writer = await open(source, "cuda_graph_timeline");
  const seen = new Map<number, number>();
  // The table of passes has counted a line that is cut off.
  const cut = { lines: 0 };
  for await (const row of mergedRows(source.files, source.processes, "forward_pass_timing", cut)) {
    const mode = row.get("cudagraph_mode");
    if (row.get("step") === "" || mode === "") continue;
    const phase = figures.phases.get(row.get("phase")) ?? { passes: 0, replayed: 0 };
    figures.phases.set(row.get("phase"), phase);
    figures.passes++;
    phase.passes++;
    if (mode === "NONE") continue;
    figures.replayed++;
    phase.replayed++;
    const tokens = row.number("graph_tokens") ?? 0;
    figures.graphTokens += tokens;
    figures.paddingTokens += tokens - (row.number("scheduled_tokens") ?? tokens);
    const number = seen.get(row.process.pid) ?? 0;
    seen.set(row.process.pid, number + 1);
    if (number % interval !== 0) continue;
    await writer.add([
      row.get("timestamp_sec"),
      `${mode}:${tokens}`,
      row.get("forward_time_ms"),
      row.get("step"),
      row.get("rank"),
      row.process.pid,
      interval,
    ]);
  }
  await writer.close();
}

/** cuda_graph_summary.json */
export function graphSummary(figures: GraphFigures): Record<string, unknown> {
  const percent = (part: number, whole: number) =>
    whole === 0 ? undefined : Number((100 * part / whole).toFixed(3));
  return {
    forward_passes: figures.passes,
    replayed_passes: figures.replayed,
    coverage_pct: percent(figures.replayed, figures.passes),
    coverage_pct_by_phase: Object.fromEntries(
      [...figures.phases].map(([name, phase]) => [name, percent(phase.replayed, phase.passes)]),
    ),
    descriptors: figures.descriptors,
    replays: figures.replays,
    graph_launches: figures.launches,
    padding_tokens: figures.paddingTokens,
    padding_waste_pct: percent(figures.paddingTokens, figures.graphTokens),
  };
}
