/**
 * One file, read once; twice where its order asks for that.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import type { ReadOptions } from "../capture/reader.ts";
import type { DocumentEnd } from "./document.ts";
import { eachEvent } from "./each_event.ts";
import type { TraceEvent } from "./event.ts";
import { MOST_OPEN, Rank, type RankResult } from "./rank.ts";
import type { Tables } from "../activity/tables.ts";

/** What a file told, and how its reading ended. */
export interface ReadRank {
  readonly result: RankResult;
  readonly end: DocumentEnd;
}

/**
 * Reads a file into the tables.
 *
 * Kineto writes what the host did first, then the devices nearly in order, and a window of
 * activities is enough. A file in another order is read a second time with all of its activities in
 * memory, about 40 bytes each: its figures are as exact.
 */
export async function readRank(
  files: FileSystem,
  path: string,
  tables: Tables,
  event: TraceEvent,
  options: ReadOptions,
  mostOpen = MOST_OPEN,
): Promise<ReadRank> {
  const read = async (rank: Rank): Promise<ReadRank> => {
    const end = await eachEvent(files, path, event, { ...options, take: () => rank.take(event) });
    return { result: rank.finish(event.base), end };
  };
  const first = await read(new Rank(tables, mostOpen));
  if (!first.result.late) return first;
  // The tables are complete: only what needs the order is worked out again.
  return await read(new Rank(tables.emptied(), Infinity));
}
