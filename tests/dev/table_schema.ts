/**
 * A table's published schema: a Table Schema (Frictionless), fields in the order of the file, with types
 * and units.
 *
 * Within a version columns may be added at the end; whoever renames, moves or removes one, or gives it
 * another type or unit, makes a new version.
 *
 * @module
 */

import type { ColumnType } from "../../kit/bundle/session/session_columns.ts";

/** A column, as it is published. */
export interface Field {
  name: string;
  type: string;
  unit?: string;
  description?: string;
}

/** A published schema. */
export interface TableSchema {
  $schema: string;
  name: string;
  path: string;
  description: string;
  missingValues: string[];
  fields: Field[];
}

const TYPES: Record<ColumnType, string> = {
  integer: "integer",
  number: "number",
  boolean: "boolean",
  text: "string",
};

/** The schema of a table. */
export function tableSchema(
  name: string,
  path: string,
  row: string,
  columns: readonly { name: string; type: ColumnType; unit?: string | undefined; doc?: string }[],
): TableSchema {
  return {
    $schema: "https://datapackage.org/profiles/2.0/tableschema.json",
    name,
    path,
    description: `A row is ${row}`,
    missingValues: ["", "None"],
    fields: columns.map(({ name, type, unit, doc }) => ({
      name,
      type: TYPES[type],
      ...(unit === undefined ? {} : { unit }),
      ...(doc === undefined ? {} : { description: doc }),
    })),
  };
}

/** Why a schema may not take the place of the one that is published; nothing where it may. */
export function breakOf(published: TableSchema, fresh: TableSchema): string | undefined {
  for (const [place, { name, type, unit }] of published.fields.entries()) {
    const now = fresh.fields[place];
    if (now?.name !== name) {
      return `${published.name}: column ${place + 1} is "${name}" and would become ` +
        `"${now?.name ?? "(none)"}"; add columns at the end, or make a new version`;
    }
    if (now.type !== type || now.unit !== unit) {
      return `${published.name}: "${name}" is ${type} in ${unit ?? "no unit"} and would become ` +
        `${now.type} in ${now.unit ?? "no unit"}; make a new version`;
    }
  }
  return undefined;
}
