/**
 * Requests: each a slice with its states within, and the moments of its preemptions.
 *
 * @module
 */

import { eachRow } from "../../../analysis/table_rows.ts";
import type { Scene } from "./scene.ts";
import { Choice } from "./share.ts";
import type { Drawn } from "./timeline.ts";

/** Requests have a group of their own, below the process of their engine. */
const GROUP = 1_000_000_000;

/** The process id under which the requests of an engine are drawn. */
function requestGroup(enginePid: number): number {
  return GROUP + enginePid;
}

/** The engine of a group; undefined for a process. */
export function engineOfGroup(pid: number): number | undefined {
  return pid >= GROUP ? pid - GROUP : undefined;
}

/** A request that was drawn, for the arrows to its forward passes. */
export interface DrawnRequest {
  readonly enginePid: number;
  readonly started: number;
  readonly finished: number;
  readonly at: Drawn;
}

/** A span of time in a request's life; seconds since the session began. */
export interface Span {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

interface Life {
  id: string;
  key: string;
  pid: number;
  status: string;
  queued: number;
  started: number;
  firstToken: number;
  finished: number;
  args: Record<string, string | number | undefined>;
}

/** Draws requests and preemptions; returns the requests, by their arrival. */
export async function drawRequests(scene: Scene): Promise<DrawnRequest[]> {
  const { timeline, share } = scene;
  const lives = await readLives(scene);
  const preempted = await drawPreemptions(scene, new Set(lives.map(({ key }) => key)));
  const drawn: DrawnRequest[] = [];
  for (const life of lives) {
    const from = orElse(life.queued, life.started);
    const to = orElse(life.finished, Math.max(share.end, from));
    const group = requestGroup(life.pid);
    const at = timeline.slice(group, "requests", `request ${life.id}`, from, to - from, life.args);
    for (const span of statesOf(life, to, preempted.get(life.key) ?? [])) {
      timeline.inside(at, span.name, span.from, span.to - span.from);
    }
    const started = life.started;
    if (Number.isFinite(started)) {
      const foot = { ...at, from: started };
      drawn.push({ enginePid: life.pid, started, finished: life.finished, at: foot });
    }
    await timeline.settle();
  }
  return drawn.sort((a, b) => a.started - b.started);
}

async function readLives({ files, dir, share }: Scene): Promise<Life[]> {
  const lives: Life[] = [];
  const choice = new Choice(share);
  await eachRow(files, dir, "request_lifecycle", (cell, number) => {
    const [queued, started] = [number("queued_sec"), number("started_sec")];
    const finished = number("finished_sec");
    if (!choice.takes(orElse(queued, started), NaN, orElse(finished, share.end))) return;
    const tokens = (column: string) => Number.isFinite(number(column)) ? number(column) : undefined;
    lives.push({
      id: cell("request_id"),
      key: `${cell("pid")}/${cell("engine_request_id") || cell("request_id")}`,
      pid: Number(cell("pid")),
      status: cell("status"),
      queued,
      started,
      firstToken: number("first_token_sec"),
      finished,
      args: {
        status: cell("status"),
        prompt_tokens: tokens("prompt_tokens"),
        cached_tokens: tokens("cached_tokens"),
        generated_tokens: tokens("generated_tokens"),
        preemptions: tokens("num_preemptions"),
      },
    });
  });
  return lives.sort((a, b) => orElse(a.queued, a.started) - orElse(b.queued, b.started));
}

/** Draws preemptions and resumptions; returns the spans between them, of the requests `wanted`. */
async function drawPreemptions(
  { files, dir, share, timeline }: Scene,
  wanted: ReadonlySet<string>,
): Promise<Map<string, [number, number][]>> {
  const spans = new Map<string, [number, number][]>();
  const choice = new Choice(share);
  await eachRow(files, dir, "preemption_events", (cell, number) => {
    const at = number("timestamp_sec");
    const key = `${cell("pid")}/${cell("engine_request_id") || cell("request_id")}`;
    if (wanted.has(key)) {
      const own = spans.get(key) ?? [];
      spans.set(key, own);
      if (cell("event") === "preempted") own.push([at, Infinity]);
      else if (own.length > 0) own.at(-1)![1] = at;
    }
    if (!choice.takes(at)) return;
    timeline.instant(
      Number(cell("pid")),
      "preemptions",
      `${cell("event")} ${cell("request_id")}`,
      at,
      { reason: cell("reason"), extra: cell("extra_info") },
    );
  }, () => timeline.settle());
  return spans;
}

/** The states of a request, in order: queued, prefill, decode, and preempted where it was. */
export function statesOf(
  life: { queued: number; started: number; firstToken: number },
  end: number,
  preempted: readonly (readonly [number, number])[],
): Span[] {
  const spans: Span[] = [];
  const add = (name: string, from: number, to: number) => {
    if (to > from) spans.push({ name, from, to });
  };
  const running = orElse(life.started, end);
  if (Number.isFinite(life.queued)) add("queued", life.queued, running);
  const first = orElse(life.firstToken, end);
  let at = running;
  const run = (to: number) => {
    add("prefill", at, Math.min(to, first));
    add("decode", Math.max(at, first), to);
    at = Math.max(at, to);
  };
  for (const [from, to] of preempted) {
    run(Math.min(from, end));
    add("preempted", at, Math.min(to, end));
    at = Math.max(at, Math.min(to, end));
  }
  run(end);
  return spans;
}

function orElse(value: number, other: number): number {
  return Number.isFinite(value) ? value : other;
}
