/**
 * What a torch trace says of itself, beside its events.
 *
 * @module
 */

import type { CaptureEnvironment } from "../capture/model.ts";
import { type FileSummary, summarizeFile } from "../activity/file_summary.ts";
import type { Tables } from "../activity/tables.ts";
import type { RankResult } from "./rank.ts";

/** What stays of a trace. */
export interface RankSummary extends FileSummary {
  readonly result: RankResult;
}

/** Sums a file up. `beside` is what stands beside its events. */
export function summarize(
  tables: Tables,
  source: number,
  path: string,
  beside: Readonly<Record<string, unknown>>,
  result: RankResult,
): RankSummary {
  const models = deviceModels(beside);
  const rank = rankOf(path, beside);
  const environment = environmentOf(beside, models, result.hasStacks);
  return {
    ...summarizeFile(tables, { source, path, rank, environment, models }, result),
    result,
  };
}

/** The rank that a file is of: as it says, or as its name says. */
function rankOf(path: string, beside: Readonly<Record<string, unknown>>): number | undefined {
  const told = record(beside["distributedInfo"])["rank"];
  const world = record(beside["distributedInfo"])["world_size"];
  const name = path.split("/").at(-1)!;
  const named = /rank[-_]?(\d+)/i.exec(name)?.[1] ?? /(?:^|[._-])tp(\d+)/i.exec(name)?.[1];
  // Engines with one process per GPU may tell every file that it is rank 0 of 1.
  if (typeof told === "number" && !(world === 1 && named !== undefined)) return told;
  return named === undefined ? undefined : Number(named);
}

function deviceModels(beside: Readonly<Record<string, unknown>>): Map<number, string> {
  const models = new Map<number, string>();
  const listed = beside["deviceProperties"];
  for (const one of Array.isArray(listed) ? listed : []) {
    const { id, name } = record(one);
    if (typeof id === "number" && typeof name === "string") models.set(id, name);
  }
  return models;
}

function environmentOf(
  beside: Readonly<Record<string, unknown>>,
  models: ReadonlyMap<number, string>,
  hasStacks: boolean,
): CaptureEnvironment {
  const info = record(beside["distributedInfo"]);
  const version = beside["vllm_version"];
  return {
    ...(typeof version === "string" ? { vllm_version: version } : {}),
    ...(models.size > 0 ? { devices: [...models.values()] } : {}),
    ...(typeof info["world_size"] === "number" ? { world_size: info["world_size"] } : {}),
    ...(typeof info["backend"] === "string" ? { backend: info["backend"] } : {}),
    ...(beside["record_shapes"] === undefined
      ? {}
      : { record_shapes: Boolean(beside["record_shapes"]) }),
    with_stack: beside["with_stack"] === undefined ? hasStacks : Boolean(beside["with_stack"]),
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}
