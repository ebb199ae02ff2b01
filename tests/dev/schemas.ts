/**
 * The published schemas of a session's tables, `docs/schemas/session/`, and their page.
 *
 * A schema is a Table Schema (Frictionless): fields in the order of the file, with types and units.
 * Within a version columns may be added at the end; whoever renames, moves or removes one, or gives it
 * another type or unit, makes a new version.
 *
 * @module
 */

import { type Column, SESSION_COLUMNS } from "../../kit/bundle/session_columns.ts";
import { columnsOf, SESSION_TABLES, type SessionTable } from "../../kit/bundle/session_tables.ts";

/** Where the schemas are published, below the checkout. */
export const SCHEMA_FOLDER = "docs/schemas/session";

/** A column, as it is published. */
export interface Field {
  name: string;
  type: string;
  unit?: string;
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

const TYPES: Record<Column["type"], string> = {
  integer: "integer",
  number: "number",
  boolean: "boolean",
  text: "string",
};

/** The schema of a table. */
export function schemaOf(table: SessionTable): TableSchema {
  return {
    $schema: "https://datapackage.org/profiles/2.0/tableschema.json",
    name: table.schema,
    path: table.path,
    description: `A row is ${table.row}`,
    missingValues: ["", "None"],
    fields: columnsOf(table).map((name) => {
      const { type, unit } = SESSION_COLUMNS[name]!;
      return { name, type: TYPES[type], ...(unit === undefined ? {} : { unit }) };
    }),
  };
}

/** The published files, by path below the checkout. */
export function schemaFiles(): Record<string, TableSchema> {
  return Object.fromEntries(
    Object.values(SESSION_TABLES).map((table) => [
      `${SCHEMA_FOLDER}/${table.schema}.json`,
      schemaOf(table),
    ]),
  );
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

/** The tables, column by column, as Markdown. */
export function tablesPage(): string {
  return Object.values(SESSION_TABLES).map((table) => {
    const { fields } = schemaOf(table);
    const layout = table.layout.length;
    return [
      `### ${table.path}`,
      "",
      `A row is ${table.row}. Schema \`${table.schema}\`, recorded by \`${table.profiler}\`.`,
      "",
      "| column | type | unit |",
      "|---|---|---|",
      ...fields.map(({ name, type, unit }, place) =>
        `| \`${name}\`${place >= layout ? " +" : ""} | ${type} | ${unit ?? ""} |`
      ),
    ].join("\n");
  }).join("\n\n");
}
