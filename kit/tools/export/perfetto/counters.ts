/**
 * Counters: KV cache, batches and queues, evictions, the balance of experts.
 *
 * @module
 */

import type { OwnTable } from "../../../bundle/session/own_tables.ts";
import { SESSION_TABLES, type SessionTableName } from "../../../bundle/session/session_tables.ts";
import { eachRowOf, type NumberCell } from "../../../analysis/table_rows.ts";
import type { Cell } from "../../../analysis/table_rows.ts";
import type { Scene } from "./scene.ts";
import { ownCounters, Peaks } from "./share.ts";

/** What a row adds to which counters. */
type Points = (
  cell: Cell,
  number: NumberCell,
) => readonly (readonly [name: string, value: number])[];

/** The counters of each table; a process has its own. */
function counters(): Partial<Record<SessionTableName, Points>> {
  const evicted = new Map<string, number>();
  return {
    kv_cache_usage: (_cell, number) => [["KV cache usage (%)", number("usage_pct")]],
    batch_utilization: (_cell, number) => [
      ["running requests", number("running_queue_len")],
      ["waiting requests", number("waiting_queue_len")],
      ["scheduled requests", number("num_seqs")],
      ["scheduled tokens", number("num_tokens")],
    ],
    kv_cache_evictions: (cell) => {
      const count = (evicted.get(cell("pid")) ?? 0) + 1;
      evicted.set(cell("pid"), count);
      return [["evicted KV blocks", count]];
    },
    moe_load_imbalance: (cell, number) => [
      [`expert load max/min, layer ${cell("layer_idx")}`, number("max_min_ratio")],
    ],
  };
}

function ownPoints(table: OwnTable): Points {
  const columns = ownCounters(table);
  return (_cell, number) => columns.map(({ column, track }) => [track, number(column)] as const);
}

/** Draws them. */
export async function drawCounters({ files, dir, share, timeline, own }: Scene): Promise<void> {
  const known = Object.entries(counters()) as [SessionTableName, Points][];
  const all: [path: string, Points][] = [
    ...known.map(([name, points]) => [SESSION_TABLES[name].path, points] as [string, Points]),
    ...own.map((table): [string, Points] => [table.path, ownPoints(table)]),
  ];
  for (const [path, points] of all) {
    const tracks = new Map<string, Peaks>();
    await eachRowOf(files, `${dir}/${path}`, (cell, number) => {
      const pid = Number(cell("pid"));
      for (const [name, value] of points(cell, number)) {
        const key = `${pid}/${name}`;
        let peaks = tracks.get(key);
        if (!peaks) {
          peaks = new Peaks(share, (at, high) => timeline.counter(pid, name, at, high));
          tracks.set(key, peaks);
        }
        peaks.add(number("timestamp_sec"), value);
      }
    }, () => timeline.settle());
    for (const peaks of tracks.values()) peaks.flush();
  }
}
