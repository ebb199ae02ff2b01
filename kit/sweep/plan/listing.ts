/**
 * `--list CATEGORY`: the keys of a table's rows.
 *
 * @module
 */

import type { CategoryGrid } from "../grids/categories.ts";
import type { Architecture } from "../model/architecture.ts";

/** The key columns of a table, and the keys in the order of its rows. */
export interface Listing {
  readonly category: string;
  readonly columns: readonly string[];
  readonly keys: readonly (readonly (string | number)[])[];
}

/** The keys of a table: of one with layers each shape for each layer, by layer and then by shape. */
export function listing({ category, keys }: CategoryGrid, { catalog }: Architecture): Listing {
  const { name, columns } = category;
  if (name !== "dense" && name !== "per_sequence") return { category: name, columns, keys };
  const layers = Object.keys(catalog[name]).sort();
  return {
    category: name,
    columns: ["layer", ...columns],
    keys: layers.flatMap((layer) => keys.map((key) => [layer, ...key])),
  };
}

/** The keys as CSV, each cell as the table has it. */
export function keysCsv({ columns, keys }: Listing, { category }: CategoryGrid): string {
  const cell = (value: string | number, place: number) =>
    typeof value === "number" && category.cell
      ? category.cell(columns[place]!, value)
      : String(value);
  return [columns.join(","), ...keys.map((key) => key.map(cell).join(","))].join("\n");
}

/** The same for programs. */
export function keysJson(listed: Listing): Record<string, unknown> {
  return { schema_version: 1, ...listed };
}
