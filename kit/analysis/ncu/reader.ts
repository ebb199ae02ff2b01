/**
 * CSV of Nsight Compute: what `ncu --csv`, or `ncu --import X.ncu-rep --csv --page raw` or
 * `--page details` prints, in any language and with anything around it.
 *
 * @module
 */

import { RunError, UsageError } from "../../contract/errors.ts";
import { DamagedArchive } from "../capture/bytes.ts";
import type { CaptureAnalysis, Category, Missing, Source } from "../capture/model.ts";
import type { CaptureReader } from "../capture/reader.ts";
import { documentOf } from "./document.ts";
import { LaunchTable } from "./launch_table.ts";
import { isHeader, itemsOf, type Remark } from "./records.ts";

const WANTED = "export the report again: ncu --import X.ncu-rep --csv --page raw";

/** The reader. */
const reader: CaptureReader = {
  kind: "ncu",
  description: "a CSV of Nsight Compute (.csv)",
  recognises(path, head) {
    const lines = new TextDecoder().decode(head).split(/\r?\n|\r/);
    // The head of the table may stand behind much that the program printed.
    return lines.some(isHeader) ||
      /\.csv(\.\w+)*$/i.test(path) && lines.some((line) => /^==(?:PROF|ERROR)== /.test(line));
  },
  async read(files, paths, { signal, progress, only }) {
    const table = new LaunchTable();
    const sources: Source[] = [];
    const partial: Missing[] = [];
    const errors: string[] = [];
    let headers = 0;
    for (const path of paths) {
      sources.push({ path, bytes: (await files.stat(path)).size });
      table.open();
      const end = { cut: "" };
      let records = 0;
      const cuts = new Map<string, number>();
      try {
        for await (const item of itemsOf(files, path, end)) {
          if (signal?.aborted) throw new RunError(`Reading "${path}" was interrupted`);
          if ("header" in item) {
            headers++;
            table.header(path, item.header);
          } else if ("record" in item) {
            table.record(item.record);
            if (++records % 4096 === 0) progress?.(`${path}: ${records} records`);
          } else if ("cut" in item) cuts.set(item.cut, (cuts.get(item.cut) ?? 0) + 1);
          else takeRemark(item.remark, errors);
        }
      } catch (error) {
        if (!(error instanceof DamagedArchive)) throw error;
        throw new UsageError(
          `Cannot analyze "${path}": the gzip file is damaged (${error.message}); fetch it again`,
        );
      }
      if (end.cut !== "") partial.push({ path, reason: end.cut });
      for (const [reason, events] of cuts) partial.push({ path, reason, events });
    }
    const path = paths.join(", ");
    for (const error of errors) partial.push({ path, reason: `ncu says: ${error}` });
    return await checked(table, path, sources, partial, headers, errors, only);
  },
};

export default reader;

function takeRemark({ kind, text }: Remark, errors: string[]): void {
  if (kind === "ERROR" && errors.length < 10) errors.push(text);
}

async function checked(
  table: LaunchTable,
  path: string,
  sources: readonly Source[],
  partial: Missing[],
  headers: number,
  errors: readonly string[],
  only: readonly Category[] | undefined,
): Promise<CaptureAnalysis> {
  const launches = table.launches();
  if (launches.length === 0) {
    const why = errors.length > 0
      ? `ncu says: ${errors[0]}`
      : headers === 0
      ? "it has no table of kernels"
      : "its table has no kernel";
    throw new UsageError(`Cannot analyze "${path}": ${why}; ${WANTED}`);
  }
  if (!launches.some(({ measured }) => measured)) {
    throw new UsageError(
      `Cannot analyze "${path}": it has ${launches.length} launches and none of the figures that ` +
        "are read (time, memory, multiprocessors, occupancy); profile with --set full",
    );
  }
  if (table.style.mixed) {
    throw new UsageError(
      `Cannot analyze "${path}": its numbers are written in two ways (1,234.5 and 1.234,5); ` +
        "give files of one language, each in a run of its own",
    );
  }
  if (table.strange > 0) {
    partial.push({
      path,
      reason: "Records do not fit their table and were left out",
      events: table.strange,
    });
  }
  return await documentOf(table, launches, sources, partial, only);
}
