/**
 * A session's metrics over its time, as OpenMetrics with timestamps: what Prometheus takes for the past.
 *
 * Rows are counted by the stretch of time that they fall into, in whatever order they stand; then each
 * family is summed up from the first stretch to the last. Memory depends on the number of stretches.
 *
 * @module
 */

import type { Manifest } from "../../bundle/manifest.ts";
import { presentOwnTables } from "../../bundle/session/own_tables.ts";
import type { SessionTableName } from "../../bundle/session/session_tables.ts";
import type { FileSystem } from "../../contract/context.ts";
import { eachRow, eachRowOf, type NumberCell } from "../table_rows.ts";
import { Family, type PointState } from "./families.ts";
import { SESSION_SHAPES, type SessionFamilies, sessionFamilies } from "./session_families.ts";
import { takeExperts, takeManifest, takeOwnRow, TAKES, ZEROS } from "./session_metrics.ts";

/** Stretches of time at most: a longer session has longer ones. */
export const MOST_STRETCHES = 2000;

/** A value that does not change is said again before Prometheus takes it for gone (5 minutes). */
const REPEAT_SEC = 240;

/** How a session was cut. */
export interface Backfill {
  intervalSec: number;
  stretches: number;
  /** Unix times of the first and the last sample. */
  fromSec: number;
  toSec: number;
  /** The text, a family at a time, `# EOF` at the end. */
  text: AsyncGenerator<string>;
}

type Name = keyof SessionFamilies;

/** Families of one stretch, made when something is counted. */
class Stretch {
  readonly made = new Map<Name, Family>();
  /** As functions that fill families want them. */
  readonly families: SessionFamilies = new Proxy({} as SessionFamilies, {
    get: (_target, name) => {
      const key = name as Name;
      let family = this.made.get(key);
      if (!family) this.made.set(key, family = new Family(SESSION_SHAPES[key]));
      return family;
    },
  });
}

/** When what a row counts has happened. */
function momentOf(table: SessionTableName, number: NumberCell): number {
  if (table === "request_lifecycle") return number("finished_sec");
  if (table === "cuda_graph_captures") return number("capture_time_sec");
  return number("timestamp_sec");
}

/**
 * Reads a closed session. Needs read permission.
 *
 * @param wantedSec Time between two samples, as it is wanted.
 */
export async function backfill(
  files: FileSystem,
  dir: string,
  manifest: Manifest,
  wantedSec: number,
): Promise<Backfill> {
  const start = Date.parse(manifest.started_at) / 1000;
  const end = Date.parse(manifest.ended_at ?? new Date().toISOString()) / 1000;
  const duration = Math.max(wantedSec, end - start);
  const intervalSec = Math.max(wantedSec, Math.ceil(duration / MOST_STRETCHES));
  const last = Math.ceil(duration / intervalSec);
  const stretches: (Stretch | undefined)[] = [];
  const at = (seconds: number): SessionFamilies => {
    // What has no time, or one past the end, counts at the end.
    const place = Number.isFinite(seconds) ? Math.ceil(seconds / intervalSec) : last;
    return (stretches[Math.min(last, Math.max(0, place))] ??= new Stretch()).families;
  };
  await fill(files, dir, manifest, at);
  const moment = (place: number) => start + (place === last ? duration : place * intervalSec);
  return {
    intervalSec,
    stretches: last,
    fromSec: moment(0),
    toSec: moment(last),
    text: write(stretches, last, moment),
  };
}

async function fill(
  files: FileSystem,
  dir: string,
  manifest: Manifest,
  at: (seconds: number) => SessionFamilies,
): Promise<void> {
  const facts = sessionFamilies();
  takeManifest(facts, manifest);
  const [first, end] = [at(0), at(Infinity)];
  for (const name of Object.keys(facts) as Name[]) {
    if (facts[name].text() === "") continue;
    // The session is known from its beginning; what became of its hooks is known at its end.
    (name === "session" || name === "start" ? first : end)[name].join(facts[name]);
  }
  for (const [table, take] of Object.entries(TAKES)) {
    const name = table as SessionTableName;
    const read = await eachRow(
      files,
      dir,
      name,
      (cell, number) => take(at(momentOf(name, number)), cell, number),
    );
    if (read) { for (const family of ZEROS[name] ?? []) first[family].add(0); }
  }
  await takeExperts(end, files, dir);
  for (const table of await presentOwnTables(files, dir, manifest.tables)) {
    first.ownRows.add(0, { table: table.name });
    await eachRowOf(
      files,
      `${dir}/${table.path}`,
      (cell, number) => takeOwnRow(at(number("timestamp_sec")), table, cell, number),
    );
  }
}

async function* write(
  stretches: readonly (Stretch | undefined)[],
  last: number,
  moment: (place: number) => number,
): AsyncGenerator<string> {
  for (const [name, shape] of Object.entries(SESSION_SHAPES)) {
    const sum = new Family(shape);
    const histories = new Map<string, { state: PointState; at: number }[]>();
    for (let place = 0; place <= last; place++) {
      const more = stretches[place]?.made.get(name as Name);
      if (more) sum.join(more);
      const at = moment(place);
      const changed = more ? new Set([...more.states()].map(({ key }) => key)) : undefined;
      for (const { key, state } of sum.states()) {
        let history = histories.get(key);
        if (!history) histories.set(key, history = []);
        const before = history.at(-1)?.at ?? -Infinity;
        if (changed?.has(key) || place === last || at - before >= REPEAT_SEC) {
          history.push({ state, at });
        }
      }
    }
    if (histories.size === 0) continue;
    yield sum.head().map((line) => `${line}\n`).join("");
    for (const history of histories.values()) {
      yield sum.history(history).map((line) => `${line}\n`).join("");
    }
  }
  yield "# EOF\n";
}
