/**
 * The life of each request, put together from what the engine and the API server saw of it.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { mergedRows, type RawProcess, type RawRow } from "./raw_session.ts";
import type { StepAdjustments } from "./step_adjustments.ts";

/** A request; times are seconds since the session began, undefined where nobody saw them. */
export interface RequestLife {
  engineId: string;
  /** The id that the client knows, where a process that talks to clients named it. */
  clientId?: string;
  enginePid?: number;
  queued?: number;
  started?: number;
  firstToken?: number;
  preempted?: number;
  resumed?: number;
  finished?: number;
  preemptions: number;
  /** Seconds from each preemption to what ended it: that the request was resumed, or its own end. */
  preemptionDelays: number[];
  /** Since when it waits to be resumed. */
  waitingSince?: number;
  /** `stop`, `length`, `abort` …; undefined while the request has not ended. */
  status?: string;
  prompt?: number;
  cached?: number;
  /** Tokens as the client counts them. */
  generated?: number;
  /** Tokens as the engine made them: more, where a stop string ended the request. */
  engineGenerated?: number;
  computed?: number;
  recentSteps?: string;
  /** Seconds from arrival to the first token and to the end, as the API server measured them. */
  ttft?: number;
  e2e?: number;
}

/** A request of which nothing is known yet. */
export function newLife(engineId: string): RequestLife {
  return { engineId, preemptions: 0, preemptionDelays: [] };
}

/** Reads the requests of a session, and moves what a stop string wasted to `adjustments`. */
export async function readRequests(
  files: FileSystem,
  processes: readonly RawProcess[],
  adjustments: StepAdjustments,
  cut: { lines: number },
): Promise<RequestLife[]> {
  const lives = new Map<string, RequestLife>();
  const life = (id: string): RequestLife => {
    let found = lives.get(id);
    if (!found) lives.set(id, found = newLife(id));
    return found;
  };
  for await (const row of mergedRows(files, processes, "request_events", cut)) {
    takeEvent(life(row.get("request_id")), row);
  }
  for await (const row of mergedRows(files, processes, "request_results", cut)) {
    takeResult(life(row.get("engine_request_id")), row);
  }
  for (const request of lives.values()) takeSurplus(request, adjustments);
  return [...lives.values()].sort((a, b) => (a.queued ?? Infinity) - (b.queued ?? Infinity));
}

/** Takes a row of request_events.csv. */
export function takeEvent(life: RequestLife, row: RawRow): void {
  const at = row.number("timestamp_sec");
  life.enginePid = row.process.pid;
  switch (row.get("event")) {
    case "queued":
      assign(life, { queued: at, prompt: row.number("prompt_tokens") });
      break;
    case "scheduled":
      assign(life, { started: at, cached: row.number("cached_tokens") });
      break;
    case "first_token":
      assign(life, { firstToken: at });
      break;
    case "preempted":
      life.preemptions++;
      life.preempted ??= at!;
      life.waitingSince = at!;
      break;
    case "resumed":
      assign(life, { resumed: at });
      endWait(life, at);
      break;
    case "finished":
      assign(life, {
        finished: at,
        status: row.get("status"),
        generated: row.number("generated_tokens"),
        engineGenerated: row.number("generated_tokens"),
        computed: row.number("computed_tokens"),
        recentSteps: row.get("recent_steps"),
      });
      // Ended while it waited to be resumed: that wait ends here.
      endWait(life, at);
  }
}

/** A wait whose beginning nobody saw is left out, and one that lasts still. */
function endWait(life: RequestLife, at: number | undefined): void {
  if (life.waitingSince === undefined || at === undefined) return;
  life.preemptionDelays.push(at - life.waitingSince);
  delete life.waitingSince;
}

/** Takes a row of request_results.csv. */
export function takeResult(life: RequestLife, row: RawRow): void {
  assign(life, {
    clientId: row.get("request_id"),
    prompt: row.number("prompt_tokens"),
    generated: row.number("generated_tokens"),
    ttft: row.number("ttft_sec"),
    e2e: row.number("e2e_sec"),
    status: row.get("finish_reason"),
    // The API server learns of cached tokens with the first token only.
    cached: (row.number("generated_tokens") ?? 0) > 0 ? row.number("cached_tokens") : undefined,
  });
  life.finished ??= row.number("timestamp_sec")!;
}

/** The last tokens that the engine made for a request were more than its client was given. */
export function takeSurplus(
  life: RequestLife,
  adjustments: Pick<StepAdjustments, "has" | "add">,
): void {
  let surplus = (life.engineGenerated ?? 0) - (life.generated ?? 0);
  if (surplus <= 0 || life.enginePid === undefined) return;
  const steps = (life.recentSteps ?? "").split(" ").filter(Boolean).reverse();
  for (const entry of steps) {
    const [step, tokens] = entry.split(":").map(Number);
    if (surplus === 0) break;
    if (step === undefined || tokens === undefined) continue;
    // This step is on the account already, as one whose output came after the end.
    if (adjustments.has(life.enginePid, step, life.engineId)) continue;
    const taken = Math.min(tokens, surplus);
    adjustments.add(life.enginePid, step, "overscheduled", taken, life.engineId);
    if (life.computed !== undefined) life.computed -= taken;
    surplus -= taken;
  }
}

function assign(
  life: RequestLife,
  values: { [K in keyof RequestLife]?: RequestLife[K] | undefined },
) {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") Object.assign(life, { [name]: value });
  }
}
