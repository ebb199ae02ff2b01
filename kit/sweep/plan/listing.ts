/**
 * `--list CATEGORY`: the keys of a table.
 *
 * @module
 */

import type { CategoryGrid } from "../grids/categories.ts";

/** The keys as CSV, in the order of the table. */
export function keysCsv({ category, keys }: CategoryGrid): string {
  const { columns } = category;
  const cell = (value: number, place: number) =>
    category.cell?.(columns[place]!, value) ?? String(value);
  return [columns.join(","), ...keys.map((key) => key.map(cell).join(","))].join("\n");
}

/** The same for programs. */
export function keysJson({ category, keys }: CategoryGrid): Record<string, unknown> {
  return { schema_version: 1, category: category.name, columns: category.columns, keys };
}
