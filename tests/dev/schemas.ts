/**
 * The published schemas of a session's tables, `docs/schemas/session/`, and their page.
 *
 * @module
 */

import { SESSION_COLUMNS } from "../../kit/bundle/session/session_columns.ts";
import { columnsOf, SESSION_TABLES } from "../../kit/bundle/session/session_tables.ts";
import { type TableSchema, tableSchema } from "./table_schema.ts";

/** Where the schemas are published, below the checkout. */
const FOLDER = "docs/schemas/session";

/** The published files, by path below the checkout. */
export function schemaFiles(): Record<string, TableSchema> {
  return Object.fromEntries(
    Object.values(SESSION_TABLES).map((table) => {
      const columns = columnsOf(table).map((name) => ({ name, ...SESSION_COLUMNS[name]! }));
      const schema = tableSchema(table.schema, table.path, table.row, columns);
      return [`${FOLDER}/${table.schema}.json`, schema];
    }),
  );
}

/** The tables, column by column, as Markdown. */
export function tablesPage(): string {
  const schemas = Object.values(schemaFiles());
  return Object.values(SESSION_TABLES).map((table, place) => {
    const { fields } = schemas[place]!;
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
