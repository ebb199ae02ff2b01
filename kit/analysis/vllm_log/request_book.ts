/**
 * The life of each request, from the lines that name it.
 *
 * A client knows a request by one id, the engine by another that is made of it: `-` and eight
 * letters behind it, and for one of several answers its number and `_` before it.
 *
 * @module
 */

import { Samples } from "../../bundle/merge/samples.ts";
import type { LogRequestRow, LogRequests } from "../capture/log_model.ts";
import { MOST_ROWS, type Place } from "./place.ts";
import type { RequestMessage } from "./request_message.ts";

/** So many requests may be open at one time; the oldest is then closed without an end. */
const MOST_OPEN = 20_000;

interface Life {
  readonly id: string;
  readonly place: Place;
  readonly received?: Place;
  readonly engineIds: string[];
  added?: Place;
  ended?: Place;
  status: LogRequestRow["status"];
  reason?: string;
}

/** Takes what lines say of requests. */
export class RequestBook {
  readonly rows: LogRequestRow[] = [];
  rowsLeftOut = 0;
  readonly #open = new Map<string, Life>();
  readonly #engineIds = new Map<string, Life>();
  readonly #status = { finished: 0, aborted: 0, failed: 0, end_not_logged: 0 };
  readonly #reasons = new Map<string, number>();
  readonly #totals = new Samples();
  #engineRequests = 0;
  #count = 0;
  #first: number | undefined;
  #last: number | undefined;
  #received = 0;
  #answersLogged = false;

  /** Takes an event. */
  take(told: RequestMessage, place: Place): void {
    switch (told.event) {
      case "received":
        this.#receive(told.id, place);
        break;
      case "added":
        this.#add(told.id, place);
        break;
      case "answered":
        this.#answersLogged = true;
        this.#end(told.id, place, "finished", told.reason);
        break;
      case "failed":
        this.#end(told.id, place, "failed", told.reason);
        break;
      case "aborted":
        for (const id of told.ids) this.#end(id, place, "aborted");
        break;
      case "delta":
        this.#answersLogged = true;
    }
  }

  #receive(id: string, place: Place): void {
    // A client may use its id again.
    const before = this.#open.get(`${place.source} ${id}`);
    if (before) this.#close(before);
    this.#openLife({ id, place, received: place, engineIds: [], status: "end_not_logged" });
    this.#received++;
    this.#first ??= place.seconds;
    this.#last = place.seconds ?? this.#last;
  }

  #openLife(life: Life): Life {
    this.#count++;
    this.#open.set(`${life.place.source} ${life.id}`, life);
    if (this.#open.size > MOST_OPEN) {
      const [oldest] = this.#open.values();
      this.#close(oldest!);
    }
    return life;
  }

  #add(engineId: string, place: Place): void {
    this.#engineRequests++;
    const life = this.#lifeOf(engineId, place) ??
      this.#openLife({
        id: clientIds(engineId)[0]!,
        place,
        engineIds: [],
        status: "end_not_logged",
      });
    life.added ??= place;
    life.engineIds.push(engineId);
    this.#engineIds.set(`${place.source} ${engineId}`, life);
  }

  /** The request of an id of either kind. */
  #lifeOf(id: string, { source }: Place): Life | undefined {
    return this.#engineIds.get(`${source} ${id}`) ??
      [id, ...clientIds(id)].map((one) => this.#open.get(`${source} ${one}`)).find(Boolean);
  }

  #end(id: string, place: Place, status: Life["status"], reason?: string): void {
    const life = this.#lifeOf(id, place);
    // Its beginning is not in the log, and it may have been named before: nothing is counted.
    if (!life) return;
    // An abort is told twice, by either id; an answer of one of several may follow.
    if (life.status === "end_not_logged") life.status = status;
    if (reason !== undefined) life.reason ??= reason;
    life.ended = place;
  }

  #close(life: Life): void {
    const { id, place, received, added, ended, status, reason, engineIds } = life;
    this.#open.delete(`${place.source} ${id}`);
    for (const engineId of engineIds) this.#engineIds.delete(`${place.source} ${engineId}`);
    this.#status[status]++;
    const total = status === "finished" && received?.seconds !== undefined &&
        ended?.seconds !== undefined
      ? ended.seconds - received.seconds
      : undefined;
    if (total !== undefined) this.#totals.add(total);
    if (status === "finished") {
      const key = reason ?? "not told";
      this.#reasons.set(key, (this.#reasons.get(key) ?? 0) + 1);
    }
    if (this.rows.length === MOST_ROWS) {
      this.rowsLeftOut++;
      return;
    }
    this.rows.push({
      request_id: id,
      ...(received?.stamp ? { received: received.stamp.text } : {}),
      ...(added?.stamp ? { added: added.stamp.text } : {}),
      ...(ended?.stamp ? { ended: ended.stamp.text } : {}),
      engine_requests: engineIds.length,
      status,
      ...(reason === undefined ? {} : { reason }),
      ...(total === undefined ? {} : { total_s: total }),
      source: place.source,
      line: place.line,
    });
  }

  /** Closes all and sums up; nothing where no line named a request. */
  finish(): LogRequests | undefined {
    for (const life of [...this.#open.values()]) this.#close(life);
    if (this.#count === 0) return undefined;
    this.rows.sort((a, b) => a.source - b.source || a.line - b.line);
    const span = (this.#last ?? 0) - (this.#first ?? 0);
    const total = this.#totals.statistics();
    return {
      count: this.#count,
      engine_requests: this.#engineRequests,
      ...(this.#answersLogged
        ? {
          finished: this.#status.finished,
          finish_reasons: Object.fromEntries(this.#reasons),
        }
        : {}),
      aborted: this.#status.aborted,
      failed: this.#status.failed,
      end_not_logged: this.#status.end_not_logged,
      ...(span > 0 ? { arrivals_per_s: (this.#received - 1) / span } : {}),
      ...(total ? { total_s: { mean: total.mean, p50: total.p50, max: total.max } } : {}),
    };
  }
}

/** What the client may call the request of an engine's id, the likeliest first. */
function clientIds(engineId: string): string[] {
  const whole = engineId.replace(/-[0-9a-z]{8}$/, "");
  return [whole, whole.replace(/^\d+_/, ""), engineId.replace(/^\d+_/, "")];
}
