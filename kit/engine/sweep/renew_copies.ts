/**
 * Layers that are the same at every TP degree: they are measured at 1, and tables of other degrees hold copies.
 *
 * @module
 */

import { writeWhole } from "../../bundle/files/whole_file.ts";
import type { FileSystem } from "../../contract/context.ts";
import { catalogTable } from "../../sweep/measure/times.ts";
import type { Architecture } from "../../sweep/model/architecture.ts";
import { tpFolders } from "../../sweep/sweep_folder.ts";
import { readTable } from "../../sweep/table.ts";

/** The tables that have several layers. */
const LAYERED = ["dense", "per_sequence"] as const;

/**
 * Takes the rows of tp1 into the tables of the TP degrees that a run does not write itself, which would else
 * keep those of before. Needs read and write permission.
 */
export async function renewCopies(
  files: FileSystem,
  dir: string,
  architecture: Architecture,
  written: readonly number[],
): Promise<void> {
  const others = (await tpFolders(files, dir)).filter((tp) => !written.includes(tp));
  for (const name of LAYERED) {
    const stable = Object.entries(architecture.catalog[catalogTable(name)])
      .filter(([, { tpStable }]) => tpStable).map(([layer]) => layer);
    const first = await layersOf(files, `${dir}/tp1/${name}.csv`);
    for (const tp of others) {
      const path = `${dir}/tp${tp}/${name}.csv`;
      const own = await layersOf(files, path);
      if (!first || !own || own.header !== first.header) continue;
      for (const layer of stable) {
        const rows = first.rows.get(layer);
        if (rows) own.rows.set(layer, rows);
      }
      const sorted = [...own.rows.keys()].sort().flatMap((layer) => own.rows.get(layer)!);
      await writeWhole(files, path, [own.header, ...sorted].join("\n") + "\n");
    }
  }
}

/** The lines of a table by their layer; undefined where there is none. */
async function layersOf(files: FileSystem, path: string) {
  const table = await readTable(files, path);
  if (!table) return undefined;
  const rows = new Map<string, string[]>();
  for (const { cells } of table.rows) {
    const of = rows.get(cells[0]!) ?? [];
    rows.set(cells[0]!, of);
    of.push(cells.join(","));
  }
  return { header: table.header.join(","), rows };
}
