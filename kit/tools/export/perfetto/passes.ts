/**
 * Forward passes by process and phase, the CUDA graphs that they replayed, and arrows to them from
 * the requests.
 *
 * @module
 */

import { eachRow, ofFirstRank } from "../../../analysis/table_rows.ts";
import type { DrawnRequest } from "./requests.ts";
import type { Scene } from "./scene.ts";
import { Choice } from "./share.ts";
import type { Drawn } from "./timeline.ts";

/** What an argument of a pass is named, and its column. */
const COLUMNS = [
  "batch_size",
  "num_tokens",
  "context_tokens",
  "generation_tokens",
  "recomputed_tokens",
  "overscheduled_tokens",
  "sample_time_ms",
  "host_time_ms",
] as const;

/** Draws the passes; the requests have to come by their start. */
export async function drawPasses(
  scene: Scene,
  requests: readonly DrawnRequest[],
): Promise<void> {
  const { files, dir, share, timeline } = scene;
  const choice = new Choice(share);
  const arrows = share.every === 1 ? new Arrows(scene, requests) : undefined;
  await eachRow(files, dir, "forward_pass_timing", (cell, number) => {
    const at = number("timestamp_sec");
    const timed = number("forward_time_ms");
    const ms = Number.isFinite(timed) ? timed : 0;
    const step = number("step");
    if (!choice.takes(at, step, at + ms / 1000)) return;
    const args: Record<string, string | number | undefined> = { timing: cell("timing") };
    if (Number.isFinite(step)) args["step"] = step;
    for (const column of COLUMNS) {
      if (Number.isFinite(number(column))) args[column] = number(column);
    }
    const pid = Number(cell("pid"));
    const pass = timeline.slice(pid, "forward passes", cell("phase"), at, ms / 1000, args);
    const mode = cell("cudagraph_mode");
    if (mode !== "" && mode !== "NONE") {
      timeline.inside(pass, `CUDA graph ${mode}:${cell("graph_tokens")}`, at, ms / 1000);
    }
    if (ofFirstRank(cell)) arrows?.pass(pass);
  }, () => timeline.settle());
  arrows?.end();
}

/** A request that has begun. */
interface Open {
  readonly request: DrawnRequest;
  readonly id: number;
  first?: Drawn;
  last?: Drawn;
}

/** Leads an arrow from each request to the first forward pass that it was in, and on to the last. */
class Arrows {
  #next = 0;
  #open: Open[] = [];
  #oneEngine: boolean;

  constructor(
    private readonly scene: Scene,
    private readonly requests: readonly DrawnRequest[],
  ) {
    this.#oneEngine = new Set(requests.map(({ enginePid }) => enginePid)).size === 1;
  }

  /** Takes the passes by time. */
  pass(pass: Drawn): void {
    for (; (this.requests[this.#next]?.started ?? Infinity) <= pass.from; this.#next++) {
      this.#open.push({ request: this.requests[this.#next]!, id: this.#next + 1 });
    }
    const still: Open[] = [];
    for (const entry of this.#open) {
      const { request } = entry;
      if (request.finished <= pass.from) {
        this.#draw(entry);
        continue;
      }
      // Several engines: which worker is whose cannot be told, unless both are one process.
      if (this.#oneEngine || request.enginePid === pass.pid) {
        entry.first ??= pass;
        entry.last = pass;
      }
      still.push(entry);
    }
    this.#open = still;
  }

  end(): void {
    for (const entry of this.#open) this.#draw(entry);
  }

  #draw({ request, id, first, last }: Open): void {
    if (!first || !last) return;
    const { timeline } = this.scene;
    timeline.arrow("s", id, request.at);
    if (first !== last) timeline.arrow("t", id, first);
    timeline.arrow("f", id, last);
  }
}
