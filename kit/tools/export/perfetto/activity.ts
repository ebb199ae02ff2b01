/**
 * Operations on the CPU, components of encoder-decoder models, and captures of CUDA graphs.
 *
 * @module
 */

import { eachRow } from "../../../analysis/table_rows.ts";
import type { Scene } from "./scene.ts";
import { Choice, stepIn } from "./share.ts";

/** Draws them, each on a track of its own. */
export async function drawActivity({ files, dir, share, timeline }: Scene): Promise<void> {
  const pause = () => timeline.settle();
  for (
    const [table, column] of [
      ["cpu_operations_timing", "operation"],
      ["encoder_decoder_timing", "component"],
    ] as const
  ) {
    const choice = new Choice(share);
    await eachRow(files, dir, table, (cell, number) => {
      const at = number("timestamp_sec");
      const seconds = number("duration_ms") / 1000;
      const step = stepIn(cell("context"));
      if (!Number.isFinite(seconds) || !choice.takes(at, step, at + seconds)) return;
      const args = cell("context") === "" ? {} : { context: cell("context") };
      timeline.slice(Number(cell("pid")), cell(column), cell(column), at, seconds, args);
    }, pause);
  }
  const choice = new Choice(share);
  await eachRow(files, dir, "cuda_graph_captures", (cell, number) => {
    const at = number("capture_time_sec");
    const seconds = number("capture_duration_sec");
    const until = at + (Number.isFinite(seconds) ? seconds : 0);
    if (!choice.takes(at, NaN, until)) return;
    timeline.slice(
      Number(cell("pid")),
      "CUDA graph captures",
      `capture ${cell("runtime_mode")}:${cell("num_tokens")}`,
      at,
      until - at,
      { num_reqs: cell("num_reqs"), uniform: cell("uniform"), has_lora: cell("has_lora") },
    );
  }, pause);
}
