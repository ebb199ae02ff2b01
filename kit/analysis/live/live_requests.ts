/**
 * Requests of a running session: those that are alive are kept, those that have ended are counted.
 *
 * @module
 */

import type { RawRow } from "../../bundle/merge/raw_session.ts";
import {
  newLife,
  type RequestLife,
  takeEvent,
  takeResult,
  takeSurplus,
} from "../../bundle/merge/requests.ts";
import { HOLD_SEC, type Settling } from "./settling.ts";

/** Ended requests whose names are remembered, so that a late row is not taken for a new request. */
const REMEMBERED = 20_000;

interface OpenRequest {
  readonly life: RequestLife;
  /** The engine said that it ended. */
  finished: boolean;
  /** What the process that talks to the client said of its end: the last word, whenever it came. */
  readonly results: RawRow[];
  /** When it was last heard of. */
  heardAt: number;
}

/** The requests. */
export class LiveRequests {
  #open = new Map<string, OpenRequest>();
  #ended = new Set<string>();
  #surplus: { life: RequestLife; due: number }[] = [];

  /** @param count Called once for each request, when all is known of it. */
  constructor(
    private readonly settling: Settling,
    private readonly count: (life: RequestLife) => void,
  ) {}

  /** Requests that have not ended. */
  get alive(): number {
    return this.#open.size;
  }

  /** Takes a row of request_events.csv. */
  event(row: RawRow): void {
    const request = this.#request(row.get("request_id"));
    if (!request) return;
    takeEvent(request.life, row);
    if (row.get("event") === "finished") request.finished = true;
    this.#close(request, row);
  }

  /** Takes a row of request_results.csv. */
  result(row: RawRow): void {
    const request = this.#request(row.get("engine_request_id"));
    if (!request) return;
    request.results.push(row);
    this.#close(request, row);
  }

  #request(id: string): OpenRequest | undefined {
    if (this.#ended.has(id)) return undefined;
    let found = this.#open.get(id);
    if (!found) {
      found = { life: newLife(id), finished: false, results: [], heardAt: -Infinity };
      this.#open.set(id, found);
    }
    return found;
  }

  #close(request: OpenRequest, row: RawRow): void {
    const at = row.number("timestamp_sec") ?? -Infinity;
    request.heardAt = Math.max(request.heardAt, at);
    if (request.finished && request.results.length > 0) this.#end(request, at);
  }

  #end({ life, results }: OpenRequest, at: number): void {
    for (const row of results) takeResult(life, row);
    this.#open.delete(life.engineId);
    this.#ended.add(life.engineId);
    for (const id of this.#ended) {
      if (this.#ended.size <= REMEMBERED) break;
      this.#ended.delete(id);
    }
    // What the scheduler says of the request's last steps comes a little later.
    if ((life.engineGenerated ?? 0) > (life.generated ?? 0)) {
      this.#surplus.push({ life, due: at + HOLD_SEC / 2 });
    }
    this.count(life);
  }

  /** Counts those of which no more will be heard by the time `now`; all of them with Infinity. */
  settle(now: number): void {
    for (const request of [...this.#open.values()]) {
      // One of the two words is enough where the other does not come.
      const over = request.finished || request.results.length > 0;
      if (now === Infinity || over && request.heardAt + HOLD_SEC <= now) this.#end(request, now);
    }
    const waiting: { life: RequestLife; due: number }[] = [];
    for (const entry of this.#surplus) {
      if (now === Infinity || entry.due <= now) takeSurplus(entry.life, this.settling);
      else waiting.push(entry);
    }
    this.#surplus = waiting;
  }
}
