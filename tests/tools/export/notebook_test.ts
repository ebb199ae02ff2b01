/** `vscope export notebook`: its code fits the tables. tests/long runs it in a kernel. */

import assert from "node:assert/strict";
import { columnsOf, SESSION_TABLES } from "../../../kit/bundle/session/session_tables.ts";
import { FIGURES } from "../../../kit/tools/export/notebook/figures.ts";

Deno.test("the notebook names only columns that its tables have", () => {
  const all = new Set(Object.values(SESSION_TABLES).flatMap((table) => columnsOf(table)));
  for (const { table, code } of FIGURES) {
    const columns: readonly string[] = columnsOf(SESSION_TABLES[table]);
    for (const [, name] of code.matchAll(/"([a-z_0-9]+)"/g)) {
      if (all.has(name!)) assert.ok(columns.includes(name!), `${table} has ${name}`);
    }
  }
});
