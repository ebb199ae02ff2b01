/**
 * Makes a fixture of a real nsys export: `reduce.ts EXPORT.sqlite FIXTURE.sqlite.gz`.
 *
 * Rows of kernels, copies, calls and ranges stay as nsys wrote them. Everything that tells of the
 * machine and its user goes: environment, command lines, output, other processes, and every text that
 * no row refers to.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { gzipSync } from "node:zlib";

const KEPT =
  /^(CUPTI_ACTIVITY_KIND_(KERNEL|GRAPH_TRACE|MEMCPY|MEMSET|RUNTIME|DRIVER)|NVTX_EVENTS|StringIds|PROCESSES|TARGET_INFO_(GPU|CUDA_GPU|CUDA_DEVICE)|DIAGNOSTIC_EVENT|META_DATA_EXPORT)$/;

const [from, to] = Deno.args as [string, string];
const copy = await Deno.makeTempFile({ suffix: ".sqlite" });
await Deno.copyFile(from, copy);
await Deno.chmod(copy, 0o600);
const database = new DatabaseSync(copy);
const rows = (sql: string) => database.prepare(sql).all() as Record<string, string>[];
const tables = rows("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => name!);
for (const name of tables) if (!KEPT.test(name)) database.exec(`DROP TABLE ${name}`);
const used: string[] = [];
const processes: string[] = [];
for (const name of tables.filter((name) => KEPT.test(name))) {
  for (const { name: column } of rows(`PRAGMA table_info(${name})`)) {
    if (/^(demangledName|shortName|mangledName|nameId|textId)$/.test(column!)) {
      used.push(`SELECT ${column} FROM ${name}`);
    }
    if (column === "globalPid" && name.startsWith("CUPTI")) {
      processes.push(`SELECT globalPid FROM ${name}`);
    }
  }
}
const first = /SELECT (\w+)/.exec(used[0]!)![1];
database.exec(`
  DELETE FROM StringIds WHERE NOT EXISTS
    (SELECT 1 FROM (${used.join(" UNION ")}) AS used WHERE used.${first} = StringIds.id);
  DELETE FROM META_DATA_EXPORT
    WHERE name NOT LIKE 'EXPORT_PRODUCT%' AND name NOT LIKE 'EXPORT_SCHEMA%';
`);
if (tables.includes("PROCESSES")) {
  database.exec(`DELETE FROM PROCESSES WHERE globalPid NOT IN (${processes.join(" UNION ")})`);
}
if (tables.includes("DIAGNOSTIC_EVENT")) {
  database.exec("DELETE FROM DIAGNOSTIC_EVENT WHERE text LIKE '%/%'");
}
if (tables.includes("TARGET_INFO_GPU")) {
  database.exec("UPDATE TARGET_INFO_GPU SET uuid = NULL, busLocation = NULL");
}
database.exec("VACUUM");
database.close();
await Deno.writeFile(to, gzipSync(await Deno.readFile(copy), { level: 9 }));
await Deno.remove(copy);
