/**
 * GPU, CPU and thermal figures of a Metal System Trace.
 *
 * @module
 */

import type { StateTime, XctraceSummary } from "../../analysis/xctrace/summary.ts";
import { shellWord } from "../../contract/shell_word.ts";
import { figure, size, withUnit } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type BundleSource, type Section, table, titled } from "../section.ts";

/** What a section of this page may use. */
export interface XctraceSource extends BundleSource {
  /** Absent where the trace could not be read. */
  summary: XctraceSummary | undefined;
}

const ROWS_SHOWN = 12;

/** The trace, and the command that opens it. */
export const xctraceTrace: Section<XctraceSource> = ({ manifest, dir }) => {
  const [trace] = manifest.captures ?? [];
  if (!trace) return titled("trace", "The trace", html`<p>There is none.</p>`);
  return titled(
    "trace",
    "The trace",
    html`
      <p>Open in Instruments, on the Mac that holds the bundle (${size(trace.apparent_bytes)}):</p>
      <pre class="command">open ${shellWord(`${dir}/${trace.path}`)}</pre>
    `,
  );
};

/** What is asked for first. */
export const xctraceTiles: Section<XctraceSource> = ({ summary }) => {
  if (!summary) return undefined;
  const tiles: Html[] = [];
  const tile = (label: string, value: string, more: string) =>
    tiles.push(
      html`<div class="tile"><span>${label}</span><b>${value}</b><small>${more}</small></div>`,
    );
  const { gpu, cpu, thermal, seconds } = summary;
  if (gpu?.active_pct !== undefined) {
    tile("GPU on", withUnit(gpu.active_pct, "%"), `of ${withUnit(seconds, "s")}, all processes`);
  }
  const [first] = gpu?.processes ?? [];
  if (first) tile("Busiest on the GPU", withUnit(first.busy_pct, "%"), first.process);
  const [cores] = cpu?.processes ?? [];
  if (cores) tile("CPU", withUnit(cores.cores, "cores"), `mean of ${cores.process}`);
  if (thermal) tile("Warmest state", thermal.worst, "of Nominal, Fair, Serious, Critical");
  return tiles.length === 0 ? undefined : html`<div class="tiles">${tiles}</div>`;
};

/** Use of the GPU, over time and by process. */
export const xctraceGpu: Section<XctraceSource> = ({ summary, charts }) => {
  const { gpu, timeline } = summary ?? {};
  if (!gpu) return undefined;
  const shares = timeline?.gpu_pct;
  return titled(
    "gpu",
    "GPU",
    shares && timeline
      ? charts.draw({
        id: "gpu-chart",
        title: "GPU at work",
        caption: "Share of each slice of time in which work of any process ran on the GPU.",
        unit: "%",
        yMax: 100,
        series: [{
          label: "GPU",
          color: 1,
          kind: "line",
          ...pointsOf(shares, timeline.slice_seconds),
        }],
      })
      : undefined,
    gpu.processes.length === 0
      ? html`<p>No process had work on the GPU in what was read.</p>`
      : table(
        "By process; work that overlaps counts once",
        ["process", "busy#", "share#", "intervals#", "channels"],
        gpu.processes.slice(0, ROWS_SHOWN).map((
          { process, busy_seconds, busy_pct, intervals, channels },
        ) => [
          process,
          withUnit(busy_seconds, "s"),
          withUnit(busy_pct, "%"),
          figure(intervals),
          channels.map(({ channel, seconds }) => `${channel} ${withUnit(seconds, "s")}`).join(", "),
        ]),
      ),
    states("The GPU’s own record", gpu.states),
    states("Performance state; a low one means that it was clocked down", gpu.performance_states),
  );
};

/** Use of the CPU, by process and thread. */
export const xctraceCpu: Section<XctraceSource> = ({ summary, charts }) => {
  const { cpu, timeline } = summary ?? {};
  if (!cpu) return undefined;
  return titled(
    "cpu",
    "CPU",
    timeline?.cpu_cores
      ? charts.draw({
        id: "cpu-chart",
        title: "Cores at work",
        caption: "From the samples of running threads.",
        unit: "cores",
        series: [{
          label: "cores",
          color: 2,
          kind: "line",
          ...pointsOf(timeline.cpu_cores, timeline.slice_seconds),
        }],
      })
      : undefined,
    table(
      "By process",
      ["process", "time on a core#", "mean cores#"],
      cpu.processes.slice(0, ROWS_SHOWN).map((
        { process, seconds, cores },
      ) => [process, withUnit(seconds, "s"), figure(cores)]),
    ),
    table(
      "The busiest threads",
      ["thread", "time on a core#"],
      cpu.threads.map(({ thread, seconds }) => [thread, withUnit(seconds, "s")]),
    ),
  );
};

/** How warm the machine was. */
export const xctraceThermal: Section<XctraceSource> = ({ summary }) =>
  !summary?.thermal ? undefined : titled(
    "thermal",
    "Thermal state",
    states("Above Nominal the machine may clock down", summary.thermal.states),
  );

/** What the trace does not tell, and which tables were read. */
export const xctraceLimits: Section<XctraceSource> = ({ summary }) =>
  titled(
    "limits",
    "What it cannot show",
    html`
      <ul>
        <li>Time of single kernels: the template was made for graphics, and MLX’s compute kernels have no names
      in it. <code>vscope metal</code> and Profile in Xcode give that.</li>
        <li>Layers, steps and requests: nothing in the trace knows of them.</li>
        <li>Processes that were not recorded: a recording that launches a command samples the CPU of the
      process that it launched, and vLLM’s engine is a process of its own.</li>
      </ul>
    `,
    summary
      ? table(
        "Tables that were read",
        ["table", "rows#", "note"],
        summary.tables.map(({ table: name, rows, note }) => [
          html`<code>${name}</code>`,
          figure(rows),
          note ?? "",
        ]),
      )
      : undefined,
  );

function states(caption: string, times: readonly StateTime[] | undefined): Html | undefined {
  if (!times || times.length === 0) return undefined;
  return table(
    caption,
    ["state", "time#"],
    times.map(({ state, seconds }) => [state, withUnit(seconds, "s")]),
  );
}

function pointsOf(values: readonly number[], slice: number): { x: number[]; y: number[] } {
  return { x: values.map((_, place) => place * slice), y: [...values] };
}
