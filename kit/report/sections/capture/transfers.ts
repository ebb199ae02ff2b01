/**
 * Copies, and communication between GPUs.
 *
 * @module
 */

import { figure, size } from "../../format.ts";
import { html } from "../../html.ts";
import { table, titled } from "../../section.ts";
import { ms, ofAnalysis, share } from "./source.ts";

/** Transfers. */
export const transfersSection = ofAnalysis(({ memcpy = [], communication }) => {
  if (memcpy.length === 0 && !communication) return undefined;
  return titled(
    "transfers",
    "Copies and communication",
    memcpy.length === 0 ? "" : table(
      "Copies and fills, in milliseconds",
      ["kind", "count#", "total#", "moved#", "GB/s#"],
      memcpy.map(({ kind, count, total_ns, bytes }) => [
        kind,
        figure(count),
        ms(total_ns),
        bytes === undefined ? "–" : size(bytes),
        bytes === undefined || total_ns === 0 ? "–" : figure(bytes / total_ns),
      ]),
    ),
    communication &&
      html`<p>${figure(communication.count)} communication kernels ran for ${
        ms(communication.busy_ns)
      } ms; other kernels ran during ${share(communication.overlap_share)} of that, and ${
        ms(communication.exposed_ns)
      } ms were not hidden.</p>`,
  );
});
