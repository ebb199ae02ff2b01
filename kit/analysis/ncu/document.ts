/**
 * From launches to the document of `vscope analyze`.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { findCaptureFindings } from "../capture/capture_findings.ts";
import type {
  CaptureAnalysis,
  Category,
  CategoryRow,
  KernelRow,
  Missing,
  Source,
} from "../capture/model.ts";
import type { NcuGroupRow, NcuKernelRow } from "../capture/ncu_model.ts";
import { gravestFirst } from "../findings.ts";
import { type Classify, kernelClassifier } from "../kernels/classify.ts";
import { Durations } from "../activity/durations.ts";
import { figuresOf, judged } from "./figures.ts";
import { groupsOf } from "./groups.ts";
import type { Launch } from "./launch.ts";
import type { LaunchTable } from "./launch_table.ts";
import { findNcuFindings } from "./ncu_findings.ts";
import type { Point } from "./numbers.ts";
import { rooflineOf } from "./roofline.ts";

/**
 * The document.
 *
 * @param only Kinds of work to which it is restricted; nothing: all.
 * @throws UsageError when no launch is of these.
 */
export async function documentOf(
  { style }: LaunchTable,
  all: readonly Launch[],
  sources: readonly Source[],
  partial: readonly Missing[],
  only?: readonly Category[],
): Promise<CaptureAnalysis> {
  const classify = await kernelClassifier();
  const { launches, leftOut } = chosenOf(all, only, classify, sources);
  const figures = launches.map((launch) => figuresOf(launch, style.point));
  const names = new Set(launches.flatMap(({ deviceName }) => deviceName ?? []));
  const roofline = rooflineOf(figures, names);
  const rows = launches.map((launch, place): NcuKernelRow => ({
    name: launch.identity.name,
    category: classify(launch.identity.name),
    ...identityOf(launch),
    ...judged(figures[place]!, roofline),
    ...launchFigures(launch, style.point),
  }));
  const kernels = kernelRows(rows);
  const byCategory = groupsOf(rows, ({ category }) => category, roofline);
  const missing = [...partial, ...strangeUnits(launches, sources)];
  if (style.unproven) {
    missing.push({
      path: sources.map(({ path }) => path).join(", "),
      reason: "No number tells whether 1,234 is a thousand or one and a fraction: commas were " +
        "read as marks of thousands",
      events: style.ambiguous,
    });
  }
  const document: CaptureAnalysis = {
    schema_version: 1,
    kind: "ncu",
    sources,
    ...(missing.length > 0 ? { partial: missing } : {}),
    ...(kernels.length > 0 ? { kernels, categories: categoryRows(byCategory) } : {}),
    ncu_kernels: rows,
    ncu_by_kernel: groupsOf(rows, ({ name }) => name, roofline),
    ncu_by_category: byCategory,
    ...(roofline ? { roofline } : {}),
    ...(leftOut.length > 0 ? { ncu_left_out: leftOut } : {}),
    ...(names.size > 0 ? { environment: { devices: [...names] } } : {}),
    findings: [],
  };
  const findings = [...findCaptureFindings(document), ...findNcuFindings(document)];
  return { ...document, findings: gravestFirst(findings) };
}

function chosenOf(
  all: readonly Launch[],
  only: readonly Category[] | undefined,
  classify: Classify,
  sources: readonly Source[],
) {
  if (!only) return { launches: all, leftOut: [] };
  const kinds = new Map<Category, number>();
  const launches = all.filter(({ identity }) => {
    const category = classify(identity.name);
    if (only.includes(category)) return true;
    kinds.set(category, (kinds.get(category) ?? 0) + 1);
    return false;
  });
  const leftOut = [...kinds].map(([category, launches]) => ({ category, launches }));
  if (launches.length > 0) return { launches, leftOut };
  throw new UsageError(
    `Cannot analyze "${sources.map(({ path }) => path).join(", ")}": none of its ${all.length} ` +
      `launches is of the kinds ${only.join(", ")}; they are of ${[...kinds.keys()].join(", ")}`,
  );
}

function identityOf({ identity, deviceName }: Launch) {
  const { id, processId, grid, block, device, computeCapability } = identity;
  const shown = deviceName ?? device;
  return {
    id,
    ...(processId === undefined ? {} : { process_id: processId }),
    ...(grid === undefined ? {} : { grid }),
    ...(block === undefined ? {} : { block }),
    ...(shown === undefined ? {} : { device: shown }),
    ...(computeCapability === undefined ? {} : { compute_capability: computeCapability }),
  };
}

function launchFigures(launch: Launch, point: Point) {
  const [registers, fixed, asked, rate] =
    (["registers", "staticShared", "dynamicShared", "smRate"] as const).map((name) =>
      launch.figure(name, point)
    );
  return {
    ...(registers === undefined ? {} : { registers_per_thread: registers }),
    ...(fixed === undefined ? {} : { static_shared_bytes: fixed }),
    ...(asked === undefined ? {} : { dynamic_shared_bytes: asked }),
    ...(rate === undefined ? {} : { sm_ghz: rate / 1e9 }),
  };
}

/** The table that all captures have, of the launches whose time was measured. */
function kernelRows(rows: readonly NcuKernelRow[]): KernelRow[] {
  const byName = new Map<string, { category: KernelRow["category"]; durations: Durations }>();
  for (const { name, category, duration_ns } of rows) {
    if (duration_ns === undefined) continue;
    const found = byName.get(name) ?? { category, durations: new Durations() };
    byName.set(name, found);
    found.durations.add(duration_ns);
  }
  return [...byName].map(([name, { category, durations }]) => ({
    name,
    category,
    count: durations.count,
    total_ns: durations.total,
    avg_ns: durations.total / durations.count,
    median_ns: durations.median(),
    min_ns: durations.min,
    max_ns: durations.max,
    stddev_ns: durations.deviation(),
  })).sort((a, b) => b.total_ns - a.total_ns);
}

function categoryRows(groups: readonly NcuGroupRow[]): CategoryRow[] {
  const rows = groups.flatMap(({ category, launches, total_ns, share }) =>
    total_ns === undefined ? [] : [{ category, count: launches, total_ns, share: share ?? 0 }]
  );
  // The unclassified share is always shown.
  return rows.some(({ category }) => category === "other")
    ? rows
    : [...rows, { category: "other", count: 0, total_ns: 0, share: 0 }];
}

function strangeUnits(launches: readonly Launch[], sources: readonly Source[]): Missing[] {
  const all = new Set(launches.flatMap(({ strangeUnits }) => [...strangeUnits]));
  return [...all].slice(0, 5).map((figure) => ({
    path: sources.map(({ path }) => path).join(", "),
    reason: `The unit of a figure is not known, and it was left out: ${figure}`,
  }));
}
