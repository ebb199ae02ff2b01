/**
 * A session that is followed while it runs: its metrics and figures, in bounded memory.
 *
 * Only what was added since the last look is read. When the session has ended, the metrics are those of
 * the merged tables, to the last count; until then counters never fall, and the tokens of a step, of
 * which some may turn out to be for nothing, count a few seconds later.
 *
 * @module
 */

import { hookCoverage } from "../../bundle/merge/hook_coverage.ts";
import { isAlive } from "../../bundle/liveness.ts";
import type { BundleStatus, Manifest } from "../../bundle/manifest.ts";
import { readManifest } from "../../bundle/manifest_file.ts";
import { anyAlive, devicesOf, isOff, lastSign, readMetadata } from "../../bundle/merge/merge.ts";
import { droppedRows, engineFacts } from "../../bundle/merge/notes.ts";
import { type OwnTable, ownTables } from "../../bundle/session/own_tables.ts";
import type { RawProcess, RawRow } from "../../bundle/merge/raw_session.ts";
import { SESSION_TABLES, type SessionTableName } from "../../bundle/session/session_tables.ts";
import { TableTail, type TailRow } from "../../bundle/files/table_tail.ts";
import type { FileSystem } from "../../contract/context.ts";
import { isThere } from "../../contract/is_there.ts";
import { VERSION } from "../../contract/version.ts";
import type { Family } from "../metrics/families.ts";
import { type SessionFamilies, sessionFamilies } from "../metrics/session_families.ts";
import { type ManifestFacts, takeExpertLoads, takeManifest } from "../metrics/session_metrics.ts";
import { LiveExperts } from "./live_experts.ts";
import { LiveTables } from "./live_tables.ts";
import { ProcessList } from "./process_list.ts";

/** Blocks that one look reads at most, so that a long session can be shown while it is read. */
const MOST_BLOCKS = 64;

/** How a session ended, or that its folder is gone. */
export type LiveStatus = BundleStatus | "running" | "removed";

interface Tail {
  readonly table: TableTail;
  readonly process: string;
  readonly take: (row: RawRow) => void;
}

/** A session that is followed. */
export class LiveSession {
  readonly #tables = new LiveTables();
  readonly #experts = new LiveExperts();
  readonly #list = new ProcessList();
  #tails = new Map<string, Tail>();
  #own: readonly OwnTable[] = [];
  #manifest: Manifest | undefined;
  #metadata: Record<string, unknown> | undefined;
  #status: LiveStatus = "running";
  #endedAt: string | undefined;
  /** Whether its folder has been there: it may be made later. */
  #seen = false;
  /** Whether all that there is has been read; false while a long session is being caught up with. */
  caughtUp = false;
  /** Whether nothing more will come. */
  ended = false;
  /** Seconds since the session began. */
  now = 0;

  constructor(private readonly files: FileSystem, readonly dir: string) {}

  /** Whether it runs, how it ended, or that its folder was removed. */
  get status(): LiveStatus {
    return this.#status;
  }

  /** Whether its folder is, or was, there. */
  get started(): boolean {
    return this.#seen;
  }

  get figures(): LiveTables["figures"] {
    return this.#tables.figures;
  }

  get families(): SessionFamilies {
    return this.#tables.families;
  }

  get processes(): readonly RawProcess[] {
    return this.#list.processes;
  }

  /** Requests that have begun and not ended. */
  get requestsAlive(): number {
    return this.#tables.requests.alive;
  }

  /** Load of each layer's experts. */
  get expertLoads(): ReturnType<LiveExperts["loads"]> {
    return this.#experts.loads();
  }

  /** Reads what is new. Does nothing once the session has ended. Needs read permission. */
  async look(clock: Date): Promise<void> {
    if (this.ended) return;
    const { files, dir } = this;
    if (await isThere(files, dir)) this.#seen = true;
    else if (this.#seen) return this.#end("removed");
    else return;
    // How the session ended is read before its rows: what was written before that is then in them.
    const status = await this.#lookAtEnd();
    await this.#list.look(files, dir);
    this.#decide();
    await this.#follow();
    for (const process of this.processes) await this.#experts.look(files, process);
    const tails = [...this.#tails.values()].map(({ table }) => table);
    const rows = Math.max(0, ...tails.map(({ time }) => time));
    const elapsed = (clock.getTime() - Date.parse(this.#startedAt())) / 1000;
    const running = this.caughtUp && status === undefined && Number.isFinite(elapsed);
    this.now = running ? Math.max(rows, elapsed) : rows;
    // One table may be ahead of the others: the time that has passed says what they have told.
    const unread = tails.filter((table) => table.behind).map(({ time }) => time);
    this.#tables.settle(this.caughtUp ? running ? elapsed : rows : Math.min(...unread));
    if (this.caughtUp && status !== undefined) this.#end(status);
  }

  /** The metrics as they are now, in the order in which they are printed. */
  snapshot(): Family[] {
    const fresh = sessionFamilies();
    takeManifest(fresh, this.facts());
    for (const loads of this.expertLoads) takeExpertLoads(fresh, loads);
    const lasting = this.#tables.families;
    return Object.keys(fresh).map((name) => {
      const key = name as keyof SessionFamilies;
      return fresh[key].text() === "" ? lasting[key] : fresh[key];
    });
  }

  /** What a manifest made now would say. */
  facts(): ManifestFacts {
    const known = this.#manifest;
    if (known?.status !== undefined) return known;
    const { processes } = this;
    const seen = processes.find(({ versions }) => versions["vllm"])?.versions ?? {};
    const devices = known?.devices ?? [];
    const facts: ManifestFacts = {
      recipe: known?.recipe ?? "monitor",
      versions: {
        ...known?.versions ?? { vscope: VERSION, deno: Deno.version.deno },
        ...seen,
      },
      engine: { ...known?.engine, ...engineFacts(processes) },
      devices: devices.length > 0 ? devices : devicesOf(processes),
      started_at: this.#startedAt(),
      hooks: hookCoverage(processes, this.#metadata ?? {}, isOff(known)),
      dropped: droppedRows(processes),
    };
    if (this.#status === "running" || this.#status === "removed") return facts;
    return {
      ...facts,
      status: this.#status,
      ...(this.#endedAt === undefined ? {} : { ended_at: this.#endedAt }),
    };
  }

  /** Errors that a reader has to know of: what processes could not do. */
  troubles(): string[] {
    return [
      ...this.#list.unreadable.map((name) => `the record of ${name} cannot be read`),
      ...this.processes.flatMap(({ name, errors, turned_down }) => [
        ...errors.map((error) => `${name} could not write: ${error}`),
        ...Object.entries(turned_down).map(([profiler, reason]) =>
          `${profiler} in ${name} was ${reason}`
        ),
      ]),
    ];
  }

  #startedAt(): string {
    return this.#manifest?.started_at ?? String(this.#metadata?.["start_time"]);
  }

  /** How the session ended; undefined while it runs. */
  async #lookAtEnd(): Promise<BundleStatus | undefined> {
    const { files, dir } = this;
    this.#manifest = await readManifest(files, dir) ?? this.#manifest;
    this.#metadata ??= await readMetadata(files, dir);
    const known = this.#manifest;
    if (known?.status !== undefined) return known.status;
    const owner = known?.open_by;
    if (owner ? await isAlive(files, owner) : await anyAlive(files, this.processes)) return;
    // Nobody has closed it: the processes may not have been looked at yet.
    if (!owner && this.processes.length === 0) {
      await this.#list.look(files, dir);
      if (this.processes.length === 0 || await anyAlive(files, this.processes)) return;
    }
    this.#endedAt = lastSign(this.#startedAt(), this.processes).toISOString();
    return owner ? "interrupted" : "complete";
  }

  #decide(): void {
    const profiler = "scheduler_steps";
    if (!this.#tables.decided) {
      if (this.#list.watched(profiler)) this.#tables.decide(true);
      else if (this.#list.told(profiler)) this.#tables.decide(false);
    }
    for (const [table, { profiler }] of Object.entries(SESSION_TABLES)) {
      if (this.#list.watched(profiler)) this.#tables.begin(table as SessionTableName);
    }
    this.#own = ownTables(this.processes);
    for (const table of this.#own) {
      if (this.#list.watched(table.name)) this.#tables.beginOwn(table);
    }
  }

  /** The tables of the user's own profilers. */
  get ownTables(): readonly OwnTable[] {
    return this.#own;
  }

  /** Reads the tables of all processes, the one that is least far first. */
  async #follow(): Promise<void> {
    for (const { name, dir } of this.processes) {
      for (const [table, take] of Object.entries(this.#tables.takes)) {
        const path = `${dir}/${table}.csv`;
        if (this.#tails.has(path)) continue;
        this.#tails.set(path, { table: new TableTail(path), process: name, take });
      }
      for (const table of this.#own) {
        const path = `${dir}/${table.name}.csv`;
        if (this.#tails.has(path)) continue;
        const take = (row: RawRow) => this.#tables.own(table, row);
        this.#tails.set(path, { table: new TableTail(path), process: name, take });
      }
    }
    const tails = [...this.#tails.values()];
    for (const { table } of tails) await table.look(this.files);
    const processes = new Map(this.processes.map((process) => [process.name, process]));
    for (let block = 0; block < MOST_BLOCKS; block++) {
      const behind = tails.filter(({ table }) => table.behind);
      if (behind.length === 0) break;
      const first = behind.reduce((a, b) => b.table.time < a.table.time ? b : a);
      const process = processes.get(first.process);
      if (!process) continue;
      for (const row of await first.table.read(this.files)) first.take(new LiveRow(row, process));
    }
    this.caughtUp = tails.every(({ table }) => !table.behind);
  }

  #end(status: LiveStatus): void {
    this.#status = status;
    this.ended = true;
    if (!this.#tables.decided) this.#tables.decide(false);
    this.#tables.settle(Infinity);
  }
}

/** A row that knows its process. */
class LiveRow implements RawRow {
  constructor(private readonly row: TailRow, readonly process: RawProcess) {}

  get(column: string): string {
    return this.row.get(column);
  }

  number(column: string): number | undefined {
    return this.row.number(column);
  }
}
