/** Sessions of a real vLLM, and ways to read them that share nothing with vscope's own. */

import { fileURLToPath } from "node:url";

/** A recorded session in perf/examples. */
export function example(name: "session" | "moe"): string {
  return fileURLToPath(new URL(`../../../perf/examples/${name}`, import.meta.url));
}

/** The rows of a CSV without quoted cells, by column. */
export async function rowsOf(path: string): Promise<Record<string, string>[]> {
  const [header, ...lines] = (await Deno.readTextFile(path)).trimEnd().split("\n");
  const names = header!.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(names.map((name, place) => [name, cells[place]!]));
  });
}

/** A column's sum. */
export function sum(rows: readonly Record<string, string>[], column: string): number {
  return rows.reduce((total, row) => total + Number(row[column]), 0);
}
