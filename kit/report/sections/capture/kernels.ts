/**
 * GPU kernels by name, and what launched them.
 *
 * @module
 */

import { figure, size } from "../../format.ts";
import { html } from "../../html.ts";
import { table, titled } from "../../section.ts";
import { categoryMark, codeName, meter, ms, ofAnalysis, us } from "./source.ts";

const MOST_ROWS = 40;
const MOST_PATHS = 20;

/** The kernel table. */
export const kernelsSection = ofAnalysis((analysis) => {
  const { kernels = [], gpu, kernel_paths = [], launch_configurations = [] } = analysis;
  if (!gpu || kernels.length === 0) return undefined;
  const shown = kernels.slice(0, MOST_ROWS);
  const rest = kernels.slice(MOST_ROWS);
  const total = gpu.kernel_time_ns;
  const longest = shown[0]!.total_ns;
  return titled(
    "kernels",
    "Kernels",
    table(
      "GPU kernels by total time; total in milliseconds, the others in microseconds",
      [
        "kernel",
        "category",
        "runs#",
        "total#",
        "share#",
        "mean#",
        "median#",
        "min#",
        "max#",
        "of the first",
      ],
      shown.map((row) => [
        codeName(row.name),
        categoryMark(row.category),
        figure(row.count),
        ms(row.total_ns),
        `${figure(100 * row.total_ns / total)} %`,
        ...[row.avg_ns, row.median_ns, row.min_ns, row.max_ns].map(us),
        meter(row.total_ns / longest),
      ]),
    ),
    rest.length === 0 ? "" : html`
      <p
        class="note">${figure(rest.length)} further kernels took ${ms(
          rest.reduce((sum, { total_ns }) => sum + total_ns, 0),
        )} ms together; <code>analysis.json</code> has them all.</p>
    `,
    launch_configurations.length === 0 ? "" : table(
      "How kernels were launched, by total time in milliseconds",
      ["kernel", "grid", "block", "registers#", "shared memory#", "runs#", "total#", "mean µs#"],
      launch_configurations.slice(0, MOST_PATHS).map((row) => [
        codeName(row.name),
        row.grid.join(" × "),
        row.block.join(" × "),
        figure(row.registers_per_thread),
        size((row.static_shared_bytes ?? 0) + (row.dynamic_shared_bytes ?? 0)),
        figure(row.count),
        ms(row.total_ns),
        us(row.avg_ns),
      ]),
    ),
    kernel_paths.length === 0 ? "" : table(
      "From the kernel to the operator that launched it and the module around that, in milliseconds",
      ["kernel", "operator", "module", "runs#", "total#"],
      kernel_paths.slice(0, MOST_PATHS).map(({ kernel, operator, module, count, total_ns }) => [
        codeName(kernel),
        operator === undefined ? "–" : codeName(operator),
        module === undefined ? "–" : codeName(module),
        figure(count),
        ms(total_ns),
      ]),
    ),
  );
});
