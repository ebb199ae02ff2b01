/** Exports in the schemas of several releases of nsys, made for tests. */

import { DatabaseSync } from "node:sqlite";

/** A kernel, a copy, a call or a range; times are nanoseconds. */
export interface MadeRow {
  readonly kind: "kernel" | "graph" | "copy" | "fill" | "call" | "range";
  readonly name: string;
  readonly start: number;
  readonly duration: number;
  readonly correlation?: number;
  readonly pid?: number;
  readonly device?: number;
  readonly stream?: number;
  readonly graphNode?: number;
  readonly bytes?: number;
  readonly copyKind?: number;
  readonly grid?: readonly [number, number, number];
  /** A range of a domain of its own, or one that any thread may end. */
  readonly domain?: string;
  readonly startEnd?: boolean;
  /** A range that is still open at the end. */
  readonly open?: boolean;
}

/** What differs between releases. */
export interface Release {
  /** Names of ranges as numbers of texts instead of texts. */
  readonly registered?: boolean;
  /** Columns that this release lacks, as `table.column`. */
  readonly without?: readonly string[];
  readonly journal?: "WAL" | "DELETE";
  readonly pageSize?: number;
  /** `StringIds` without a primary key. */
  readonly plainStrings?: boolean;
}

const VM = 2 ** 48;

/** nsys' number of a process; with a thread, of the thread. */
export function globalId(pid: number, thread = 0): number {
  return VM + pid * 2 ** 24 + thread;
}

const TABLES: Readonly<Record<string, string>> = {
  CUPTI_ACTIVITY_KIND_KERNEL:
    "start, end, deviceId, contextId, streamId, correlationId, globalPid, " +
    "demangledName, shortName, gridX, gridY, gridZ, blockX, blockY, blockZ, registersPerThread, " +
    "staticSharedMemory, dynamicSharedMemory, graphNodeId",
  CUPTI_ACTIVITY_KIND_GRAPH_TRACE: "start, end, deviceId, contextId, streamId, correlationId, " +
    "globalPid, graphId, graphExecId",
  CUPTI_ACTIVITY_KIND_MEMCPY:
    "start, end, deviceId, contextId, streamId, correlationId, globalPid, " +
    "bytes, copyKind",
  CUPTI_ACTIVITY_KIND_MEMSET:
    "start, end, deviceId, contextId, streamId, correlationId, globalPid, " +
    "value, bytes",
  CUPTI_ACTIVITY_KIND_RUNTIME:
    "start, end, eventClass, globalTid, correlationId, nameId, returnValue",
  NVTX_EVENTS: "start, end, eventType, rangeId, text, globalTid, textId, domainId",
  PROCESSES: "globalPid, pid, name",
  TARGET_INFO_GPU: "id, name",
  TARGET_INFO_CUDA_DEVICE: "gpuId, cudaId, pid",
  DIAGNOSTIC_EVENT: "timestamp, severity, text",
  META_DATA_EXPORT: "name, value",
};

const KINDS: Readonly<Record<MadeRow["kind"], string>> = {
  kernel: "CUPTI_ACTIVITY_KIND_KERNEL",
  graph: "CUPTI_ACTIVITY_KIND_GRAPH_TRACE",
  copy: "CUPTI_ACTIVITY_KIND_MEMCPY",
  fill: "CUPTI_ACTIVITY_KIND_MEMSET",
  call: "CUPTI_ACTIVITY_KIND_RUNTIME",
  range: "NVTX_EVENTS",
};

/** Writes an export; `further` are rows of the other tables. */
export function writeExport(
  path: string,
  rows: readonly MadeRow[],
  release: Release = {},
  further: Readonly<Record<string, readonly Record<string, string | number>[]>> = {},
): void {
  const database = new DatabaseSync(path);
  try {
    database.exec(`PRAGMA page_size = ${release.pageSize ?? 4096}`);
    database.exec(`PRAGMA journal_mode = ${release.journal ?? "DELETE"}`);
    database.exec("BEGIN");
    database.exec(
      release.plainStrings
        ? "CREATE TABLE StringIds (id INTEGER, value TEXT)"
        : "CREATE TABLE StringIds (\n  -- Texts, once each.\n  id INTEGER NOT NULL PRIMARY KEY, " +
          "-- The number (of the text).\n  value TEXT NOT NULL\n)",
    );
    const columns = new Map(
      Object.entries(TABLES).map(([name, text]) => [
        name,
        text.split(", ").filter((one) => !(release.without ?? []).includes(`${name}.${one}`)),
      ]),
    );
    const wanted = new Set([...rows.map(({ kind }) => KINDS[kind]), ...Object.keys(further)]);
    for (const name of wanted) {
      const types = columns.get(name)!.map((column) => `"${column}" INTEGER`).join(", ");
      database.exec(`CREATE TABLE ${name} (${types})`);
    }
    const texts = new Map<string, number>();
    const textId = (text: string) => {
      const known = texts.get(text);
      if (known !== undefined) return known;
      const id = 100 + 7 * texts.size;
      texts.set(text, id);
      database.prepare("INSERT INTO StringIds VALUES (?, ?)").run(id, text);
      return id;
    };
    const put = (table: string, row: Record<string, string | number | null>) => {
      const names = columns.get(table)!.filter((name) => row[name] !== undefined);
      database.prepare(
        `INSERT INTO ${table} (${names.map((name) => `"${name}"`)}) VALUES (${
          names.map(() => "?")
        })`,
      ).run(...names.map((name) => row[name]!));
    };
    const domains = new Map<string, number>();
    for (const row of rows) {
      if (row.domain === undefined || domains.has(row.domain)) continue;
      domains.set(row.domain, domains.size + 1);
    }
    for (const row of rows) put(KINDS[row.kind], columnsOf(row, textId, release, domains));
    for (const [text, domainId] of domains) {
      put("NVTX_EVENTS", { start: 0, eventType: 75, text, domainId, globalTid: globalId(1, 1) });
    }
    for (const [table, list] of Object.entries(further)) for (const row of list) put(table, row);
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}

function columnsOf(
  row: MadeRow,
  textId: (text: string) => number,
  { registered }: Release,
  domains: ReadonlyMap<string, number>,
): Record<string, string | number | null> {
  const { pid = 500, device = 0, stream = 7, correlation, grid = [8, 1, 1] } = row;
  const times = { start: row.start, end: row.start + row.duration };
  const onDevice = {
    ...times,
    deviceId: device,
    contextId: 1,
    streamId: stream,
    correlationId: correlation ?? null,
    globalPid: globalId(pid),
    graphNodeId: row.graphNode ?? null,
  };
  switch (row.kind) {
    case "kernel":
      return {
        ...onDevice,
        demangledName: textId(row.name),
        shortName: textId(row.name.slice(0, 4)),
        gridX: grid[0],
        gridY: grid[1],
        gridZ: grid[2],
        blockX: 128,
        blockY: 1,
        blockZ: 1,
        registersPerThread: 40,
        staticSharedMemory: 16,
        dynamicSharedMemory: 1024,
      };
    case "graph":
      return { ...onDevice, graphId: 3, graphExecId: 4 };
    case "copy":
      return { ...onDevice, bytes: row.bytes ?? 64, copyKind: row.copyKind ?? 1 };
    case "fill":
      return { ...onDevice, bytes: row.bytes ?? 4, value: 0 };
    case "call":
      return {
        ...times,
        eventClass: 0,
        globalTid: globalId(pid, 9),
        correlationId: correlation ?? 0,
        nameId: textId(row.name),
        returnValue: 0,
      };
    case "range":
      return {
        start: row.start,
        end: row.open ? null : times.end,
        eventType: row.startEnd ? 60 : 59,
        text: registered ? null : row.name,
        textId: registered ? textId(row.name) : null,
        globalTid: globalId(pid, 9),
        domainId: row.domain === undefined ? 0 : domains.get(row.domain)!,
      };
  }
}
