/** Writes sessions as the hooks leave them. */

/** A process's tables: columns, then rows. */
export type RawTables = Record<string, string>;

/** Writes a session with some processes; returns nothing. */
export async function writeRawSession(
  dir: string,
  processes: Record<string, { record?: Record<string, unknown>; tables?: RawTables }>,
): Promise<void> {
  await Deno.mkdir(dir, { recursive: true });
  await Deno.writeTextFile(
    `${dir}/metadata.json`,
    JSON.stringify({ session_id: "s", start_time: "2026-01-24T12:34:56Z" }),
  );
  for (const [name, { record = {}, tables = {} }] of Object.entries(processes)) {
    const [role, pid] = name.split("-");
    const folder = `${dir}/processes/${name}`;
    await Deno.mkdir(folder, { recursive: true });
    const hooks = [
      "forward_pass",
      "batch_utilization",
      "kv_cache",
      "request_lifecycle",
      "cpu_operations",
      "scheduler_steps",
    ]
      .map((hook) => ({ name: hook, symbol: `m:${hook}`, status: "attached" }));
    await Deno.writeTextFile(
      `${folder}/process.json`,
      // No process of this machine: those numbers are beyond what Linux gives.
      JSON.stringify({
        pid: 99_000_000 + Number(pid),
        role,
        rank: null,
        hooks,
        dropped: {},
        updated_sec: 9,
        ...record,
      }),
    );
    for (const [table, text] of Object.entries(tables)) {
      await Deno.writeTextFile(`${folder}/${table}.csv`, text);
    }
  }
}

/** Rows of a CSV file as objects. */
export async function readTable(path: string): Promise<Record<string, string>[]> {
  const [header, ...lines] = (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) =>
    line.split(",")
  );
  return lines.map((cells) =>
    Object.fromEntries(header!.map((name, place) => [name, cells[place] ?? ""]))
  );
}
