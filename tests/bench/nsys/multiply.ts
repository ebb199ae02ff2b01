/**
 * A large nsys export made of a small real one: the same rows again and again, one copy after
 * another in time, as a longer recording would have them.
 *
 * Every table with times is multiplied: kernels, copies, fills, calls, NVTX ranges. Times move by the
 * span of the recording from copy to copy, correlations by more than the largest, so that nothing of
 * a copy is linked to another. `multiply.ts SEED KERNELS OUT`; SEED may be packed with gzip.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";

/** What was made. */
export interface Made {
  kernels: number;
  ranges: number;
  calls: number;
  copies: number;
  bytes: number;
}

const KERNELS = "CUPTI_ACTIVITY_KIND_KERNEL";

/** Writes an export of at least `kernels` kernels, made of the export `seed`, to `out`. */
export async function multiply(seed: string, kernels: number, out: string): Promise<Made> {
  await unpack(seed, out);
  const database = new DatabaseSync(out);
  try {
    database.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN");
    const tables = timed(database);
    const all = tables.map(({ name }) => `SELECT start, "end" FROM ${name}`).join(" UNION ALL ");
    const { first, last } = database.prepare(
      `SELECT min(start) first, max(coalesce("end", start)) last FROM (${all})`,
    ).get() as { first: number; last: number };
    const correlations = tables.filter(({ columns }) => columns.includes("correlationId"))
      .map(({ name }) => `SELECT max(correlationId) - min(correlationId) + 1 most FROM ${name}`);
    const { most } = database.prepare(
      `SELECT max(most) most FROM (${correlations.join(" UNION ALL ")})`,
    ).get() as { most: number };
    const before = count(database, KERNELS);
    const copies = Math.max(1, Math.ceil(kernels / before));
    for (const { name, columns } of tables) {
      const moved = columns.map((column) => {
        if (column === "start" || column === "end") {
          return `"${column}" + $copy * ${last - first + 1000}`;
        }
        return column === "correlationId" ? `correlationId + $copy * ${2 * most}` : `"${column}"`;
      });
      const { rows } = database.prepare(`SELECT max(rowid) rows FROM ${name}`).get() as {
        rows: number;
      };
      const insert = database.prepare(
        `INSERT INTO ${name} SELECT ${moved.join(", ")} FROM ${name} WHERE rowid <= ${rows ?? 0}`,
      );
      for (let copy = 1; copy < copies; copy++) insert.run({ copy });
    }
    database.exec("COMMIT");
    return {
      kernels: count(database, KERNELS),
      ranges: count(database, "NVTX_EVENTS"),
      calls: count(database, "CUPTI_ACTIVITY_KIND_RUNTIME"),
      copies,
      bytes: (await Deno.stat(out)).size,
    };
  } finally {
    database.close();
  }
}

function timed(database: DatabaseSync): { name: string; columns: string[] }[] {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  return (tables as { name: string }[]).map(({ name }) => ({
    name,
    columns: (database.prepare(`PRAGMA table_info(${name})`).all() as { name: string }[])
      .map(({ name }) => name),
  })).filter(({ name, columns }) =>
    columns.includes("start") && columns.includes("end") && name !== "PROFILER_OVERHEAD" &&
    name !== "CUDA_GRAPH_NODE_EVENTS"
  );
}

function count(database: DatabaseSync, table: string): number {
  return (database.prepare(`SELECT count(*) n FROM ${table}`).get() as { n: number }).n;
}

async function unpack(seed: string, out: string): Promise<void> {
  const file = await Deno.open(seed);
  const stream = seed.endsWith(".gz")
    ? file.readable.pipeThrough(new DecompressionStream("gzip"))
    : file.readable;
  await Deno.writeFile(out, stream);
}

if (import.meta.main) {
  const [seed, kernels, out] = Deno.args;
  const made = await multiply(seed!, Number(kernels), out!);
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(made)}\n`));
}
