/**
 * Gives each line of a log to the table that it is for.
 *
 * @module
 */

import type { LogLines } from "../capture/log_model.ts";
import { type Entry, readEntry } from "./entry.ts";
import { HttpTable } from "./http_table.ts";
import { readIteration } from "./iteration_message.ts";
import { IterationTable } from "./iteration_table.ts";
import { readKvCache } from "./kv_cache_message.ts";
import { KvCacheTable } from "./kv_cache_table.ts";
import type { Place } from "./place.ts";
import { RequestBook } from "./request_book.ts";
import { readHttp, readRequest } from "./request_message.ts";
import { LogClock } from "./stamp.ts";
import { readThroughput } from "./throughput_message.ts";
import { ThroughputTable } from "./throughput_table.ts";
import { UnknownLines } from "./unknown.ts";

const VERSION =
  /^(?:Initializing a V1 LLM engine \(v([^)]+)\)|(?:.*\s)?version (\d+\.\d+\.\d[\w.+]*)$)/;

type Kind = "iteration" | "throughput" | "kv_cache" | "request" | "http" | "unknown" | "other";

/** All tables of the files of one run. */
export class LogTables {
  readonly iterations = new IterationTable();
  readonly throughput = new ThroughputTable();
  readonly kvCache = new KvCacheTable();
  readonly requests = new RequestBook();
  readonly http = new HttpTable();
  readonly unknown = new UnknownLines();
  readonly versions = new Set<string>();
  /** Lines that Python's logging wrote in vLLM's form. */
  logged = 0;
  #total = 0;
  readonly #kinds = new Map<Kind, number>();
  #clock = new LogClock();
  #source = -1;
  #path = "";
  #line = 0;
  #first: { text: string; seconds: number } | undefined;
  #last: { text: string; seconds: number } | undefined;
  #resolution = 0;

  /** The lines of another file follow. */
  open(path: string): void {
    this.#source++;
    this.#path = path;
    this.#line = 0;
    this.#clock = new LogClock();
  }

  /** Takes a line. */
  take(text: string): void {
    this.#line++;
    if (text === "") return;
    this.#total++;
    const entry = readEntry(text);
    if (entry.logged) this.logged++;
    const kind = this.#sort(entry, this.#placeOf(entry));
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
  }

  #placeOf({ stamp, pid }: Entry): Place {
    const seconds = this.#clock.at(stamp);
    if (stamp && seconds !== undefined) {
      if (!this.#first || seconds < this.#first.seconds) this.#first = { ...stamp, seconds };
      if (!this.#last || seconds > this.#last.seconds) this.#last = { ...stamp, seconds };
      this.#resolution = Math.max(this.#resolution, stamp.resolution);
    }
    return {
      source: this.#source,
      line: this.#line,
      ...(stamp ? { stamp } : {}),
      ...(seconds === undefined ? {} : { seconds }),
      ...(pid === undefined ? {} : { pid }),
    };
  }

  #sort(entry: Entry, place: Place): Kind {
    const { message } = entry;
    const iteration = readIteration(message);
    if (iteration) {
      this.iterations.add(iteration, iteration.engine ?? engineOf(entry), place);
      this.#lookAt(iteration.rest, message);
      return "iteration";
    }
    const throughput = readThroughput(message);
    if (throughput) {
      this.throughput.add(throughput, throughput.engine ?? "0", place);
      this.#lookAt(throughput.rest, message);
      return "throughput";
    }
    const kvCache = entry.logged ? readKvCache(message) : undefined;
    if (kvCache) {
      this.kvCache.add(kvCache, engineOf(entry), place.source, place.pid);
      return "kv_cache";
    }
    const request = entry.logged ? readRequest(message) : undefined;
    if (request) {
      this.requests.take(request, place);
      return "request";
    }
    const http = readHttp(message);
    if (http) {
      this.http.add(http);
      return "http";
    }
    if (UnknownLines.isOne(message)) {
      this.unknown.add(this.#path, this.#line, message);
      return "unknown";
    }
    const [, engine, banner] = VERSION.exec(message) ?? [];
    const version = engine ?? banner;
    if (entry.logged && version !== undefined) this.versions.add(version);
    return "other";
  }

  /** What stands behind a known line is of no known form. */
  #lookAt(rest: string, message: string): void {
    if (rest !== "") this.unknown.add(this.#path, this.#line, message);
  }

  /** How many lines there were, and their time. */
  lines(): LogLines {
    const count = (kind: Kind) => this.#kinds.get(kind) ?? 0;
    const leftOut = this.iterations.rowsLeftOut + this.throughput.rowsLeftOut +
      this.requests.rowsLeftOut;
    return {
      total: this.#total,
      iteration: count("iteration"),
      throughput: count("throughput"),
      kv_cache: count("kv_cache"),
      request: count("request"),
      http: count("http"),
      unknown: this.unknown.count,
      other: count("other"),
      ...(this.#first && this.#last
        ? {
          first_timestamp: this.#first.text,
          last_timestamp: this.#last.text,
          span_s: this.#last.seconds - this.#first.seconds,
          timestamp_resolution_s: this.#resolution,
        }
        : {}),
      ...(leftOut > 0 ? { rows_left_out: leftOut } : {}),
    };
  }
}

/** `3` of `EngineCore_DP3`, `0` where there is no number, and the whole name of a process of none. */
function engineOf({ process }: Entry): string {
  if (process === undefined) return "0";
  const [, number] = /(\d+)$/.exec(process) ?? [];
  if (number !== undefined) return String(Number(number));
  return /^EngineCore/i.test(process) ? "0" : process;
}
