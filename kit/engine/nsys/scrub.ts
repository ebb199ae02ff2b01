/**
 * Takes out of an nsys export what tells of the machine's environments: no figure comes from there.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { messageOf, RunError } from "../../contract/errors.ts";
import type { Needle } from "../nvidia/secrets.ts";

/** Stands where a text was. */
const REMOVED = "(removed by vscope)";

/** What was taken out: rows, by table. */
export type Scrubbed = Record<string, number>;

/**
 * Removes environments, arguments, output of the target, and whatever text holds a needle; then
 * writes the file anew, so that no page holds what was removed. Needs read and write permission.
 *
 * @throws {RunError} when the file is no whole database, or cannot be written.
 */
export function scrubExport(path: string, needles: readonly Needle[]): Scrubbed {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    return scrub(database, needles);
  } catch (error) {
    throw new RunError(`Cannot take environments out of "${path}": ${messageOf(error)}`);
  } finally {
    if (database?.isOpen) database.close();
  }
}

function scrub(database: DatabaseSync, needles: readonly Needle[]): Scrubbed {
  const found: Scrubbed = {};
  const count = (table: string, changes: number | bigint) => {
    if (Number(changes) > 0) found[table] = (found[table] ?? 0) + Number(changes);
  };
  // The journal would be a second copy of what is removed.
  database.exec("PRAGMA journal_mode = MEMORY; PRAGMA secure_delete = ON");
  const tables = columnsOf(database);
  const run = (table: string, columns: readonly string[], sql: string, ...values: string[]) => {
    if (!columns.every((column) => tables.get(table)?.includes(column))) return;
    count(table, database.prepare(sql).run(...values).changes);
  };
  run(
    "META_DATA_CAPTURE",
    ["name", "value"],
    "DELETE FROM META_DATA_CAPTURE WHERE name LIKE '%ENVIRONMENT%' OR name LIKE '%ARGUMENT%'",
  );
  run(
    "TARGET_INFO_SYSTEM_ENV",
    ["name", "value"],
    "DELETE FROM TARGET_INFO_SYSTEM_ENV WHERE name LIKE '%Environment%'",
  );
  for (const table of ["ProcessStreams", "ANALYSIS_FILE"]) {
    if (!tables.get(table)?.includes("contentId")) continue;
    run(
      "StringIds",
      ["id", "value"],
      `UPDATE StringIds SET value = ? WHERE id IN (SELECT contentId FROM ${table})`,
      REMOVED,
    );
  }
  // A block of NAME=value, ended by zero bytes: the environment of a process.
  run(
    "StringIds",
    ["id", "value"],
    "UPDATE StringIds SET value = ? WHERE instr(CAST(value AS BLOB), x'00') > 0",
    REMOVED,
  );
  const texts = needles.map(({ text }) => text);
  const bare = texts.filter((text) => !text.includes("="));
  const named = texts.filter((text) => text.includes("="));
  for (const table of tables.keys()) {
    for (const column of textColumnsOf(database, table)) {
      const name = quoted(column);
      const any = (list: readonly string[]) =>
        list.map(() => `instr(${name}, ?) > 0`).join(" OR ") || "0";
      // Most texts have no "=": they are looked through for the few secrets alone.
      const sql = `UPDATE ${quoted(table)} SET ${name} = ? ` +
        `WHERE ${any(bare)} OR (instr(${name}, '=') > 0 AND (${any(named)}))`;
      run(table, [column], sql, REMOVED, ...bare, ...named);
    }
  }
  database.exec("VACUUM");
  return found;
}

/** Columns of every table that may hold a text. */
function columnsOf(database: DatabaseSync): Map<string, string[]> {
  const names = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  return new Map(names.map(({ name }) => {
    const columns = database.prepare(`PRAGMA table_info(${quoted(String(name))})`).all();
    return [String(name), columns.map((column) => String(column["name"]))];
  }));
}

/** Columns that may hold a text: those of numbers alone are the most of a large export. */
function textColumnsOf(database: DatabaseSync, table: string): string[] {
  return database.prepare(`PRAGMA table_info(${quoted(table)})`).all()
    .filter(({ type }) => !/^(INTEGER|REAL)$/i.test(String(type)))
    .map(({ name }) => String(name));
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
