/**
 * `vscope export openmetrics`: the last state of a session, for Prometheus and what reads its text; with
 * `--backfill` its values over time.
 *
 * @module
 */

import { backfill } from "../../analysis/metrics/backfill.ts";
import { exposition } from "../../analysis/metrics/families.ts";
import { sessionMetrics } from "../../analysis/metrics/session_metrics.ts";
import type { ExportFormat } from "./format.ts";
import { intoSink } from "./text_sink.ts";

/** The format. */
const format: ExportFormat = {
  name: "openmetrics",
  table: "none",
  async write({ source: { dir, manifest }, out, context, backfillSec }) {
    if (backfillSec !== undefined) {
      const past = await backfill(context.files, dir, manifest, backfillSec);
      let samples = 0;
      await intoSink(context, out, async (sink) => {
        for await (const text of past.text) {
          context.signal.throwIfAborted();
          for (const line of text.split("\n")) if (line !== "" && !line.startsWith("#")) samples++;
          await sink.write(text);
        }
      });
      const { intervalSec, fromSec, toSec } = past;
      return {
        figures: { samples, interval_sec: intervalSec, from_sec: fromSec, to_sec: toSec },
        text: `${samples} samples, one each ${intervalSec} s where a value changes; ` +
          `promtool tsdb create-blocks-from openmetrics ${out ?? "FILE"} DATA`,
      };
    }
    const families = Object.values(await sessionMetrics(context.files, dir, manifest));
    const text = exposition(families);
    await intoSink(context, out, (sink) => sink.write(text));
    const filled = families.filter((family) => family.text() !== "").length;
    return { figures: { metric_families: filled }, text: `${filled} metric families` };
  },
};

export default format;
