/**
 * The load of experts, as the counters of a running session last wrote it.
 *
 * @module
 */

import type { RawProcess } from "../../bundle/merge/raw_session.ts";
import type { FileSystem } from "../../contract/context.ts";
import type { ExpertLoads } from "../metrics/session_metrics.ts";

/** The parts of `moe_totals.json` that say where the load lies in `moe_totals.bin`. */
interface Header {
  layers: number[];
  experts: number;
  arrays: { name: string; shape: number[] }[];
}

/** Reads `load` only: pairs are many times as large, and are not shown while a session runs. */
export class LiveExperts {
  #loads = new Map<string, { process: RawProcess; layers: number[]; counts: number[][] }>();
  #seen = new Map<string, string>();

  /** Reads the totals of a process where they have changed. Needs read permission. */
  async look(files: FileSystem, process: RawProcess): Promise<void> {
    const path = `${process.dir}/moe_totals.json`;
    const found = await files.stat(path).catch(() => undefined);
    if (!found) return;
    const version = `${found.mtime?.getTime()}/${found.size}/${found.ino}`;
    if (this.#seen.get(process.name) === version) return;
    try {
      const header: Header = JSON.parse(await files.readTextFile(path));
      const counts = await readLoad(files, `${process.dir}/moe_totals.bin`, header);
      this.#loads.set(process.name, { process, layers: header.layers, counts });
      this.#seen.set(process.name, version);
    } catch {
      // The two files are written one after the other: the next look finds both.
    }
  }

  /** The load of each layer; ranks that route the same tokens have one row. */
  loads(): ExpertLoads[] {
    const found = new Map<string, ExpertLoads>();
    for (const { process, layers, counts } of this.#loads.values()) {
      for (const [place, layer] of layers.entries()) {
        const labels = {
          layer: String(layer),
          rank: process.rank === undefined ? undefined : String(process.rank),
        };
        const key = JSON.stringify(labels);
        const known = found.get(key);
        if (known) known.loads.push(...counts[place]!);
        else found.set(key, { labels, loads: [...counts[place]!] });
      }
    }
    return [...found.values()];
  }
}

async function readLoad(files: FileSystem, path: string, header: Header): Promise<number[][]> {
  let offset = 0;
  let width = header.experts;
  for (const { name, shape } of header.arrays) {
    width = shape[1] ?? header.experts;
    if (name === "load") break;
    offset += 8 * shape.reduce((a, b) => a * b, 1);
  }
  using file = await files.open(path, { read: true });
  await file.seek(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(8 * header.layers.length * width);
  let filled = 0;
  while (filled < bytes.length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) throw new Error("moe_totals.bin is shorter than its description");
    filled += count;
  }
  const view = new DataView(bytes.buffer);
  return header.layers.map((_, layer) =>
    Array.from(
      { length: header.experts },
      (_, expert) => Number(view.getBigInt64(8 * (layer * width + expert), true)),
    )
  );
}
