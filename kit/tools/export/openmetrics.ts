/**
 * `vscope export openmetrics`: the last state of a session, for Prometheus and what reads its text.
 *
 * @module
 */

import { exposition } from "../../analysis/metrics/families.ts";
import { sessionMetrics } from "../../analysis/metrics/session_metrics.ts";
import type { ExportFormat } from "./format.ts";
import { intoSink } from "./text_sink.ts";

/** The format. */
const format: ExportFormat = {
  name: "openmetrics",
  table: "none",
  async write({ source: { dir, manifest }, out, context }) {
    const families = Object.values(await sessionMetrics(context.files, dir, manifest));
    const text = exposition(families);
    await intoSink(context, out, (sink) => sink.write(text));
    const filled = families.filter((family) => family.text() !== "").length;
    return { figures: { metric_families: filled }, text: `${filled} metric families` };
  },
};

export default format;
