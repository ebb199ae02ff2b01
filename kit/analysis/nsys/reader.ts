/**
 * Exports of Nsight Systems: the SQLite that `nsys export --type sqlite` writes.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { assemble, callRows } from "../activity/assemble.ts";
import { DurationTable } from "../activity/durations.ts";
import { missingNames } from "../activity/missing_names.ts";
import { Names } from "../activity/names.ts";
import { withSlowest } from "../activity/rank_rows.ts";
import { Tables } from "../activity/tables.ts";
import type { FileSystem } from "../../contract/context.ts";
import { headOf, isGzip } from "../capture/bytes.ts";
import type { CaptureAnalysis, Category, Missing, Source } from "../capture/model.ts";
import type { CaptureReader } from "../capture/reader.ts";
import { kernelClassifier } from "../kernels/classify.ts";
import { Configurations } from "./configurations.ts";
import { Ranges } from "./ranges.ts";
import { type ReadFile, readFile } from "./read_file.ts";
import { MAGIC } from "./sqlite/database.ts";
import { DamagedDatabase } from "./sqlite/errors.ts";

/** The reader. */
const reader: CaptureReader = {
  kind: "nsys",
  description: "an nsys export (.sqlite)",
  recognises(path, head) {
    return isDatabase(head) || isReport(path, head);
  },
  async read(files, paths, options) {
    const tables = new Tables(await kernelClassifier(), new Names(false));
    const shared = {
      tables,
      ranges: new Ranges(tables.names),
      configurations: new Configurations(),
      wholeGraphs: new DurationTable(),
    };
    const sources: Source[] = [];
    const read: ReadFile[] = [];
    for (const path of paths) {
      sources.push({ path, bytes: (await files.stat(path)).size });
      await refuseOthers(files, path);
      try {
        read.push(await readFile(files, path, read.length, shared, options));
      } catch (error) {
        if (!(error instanceof DamagedDatabase)) throw error;
        throw new UsageError(
          `Cannot analyze "${path}": ${error.message}; export it again with nsys export ` +
            "--type sqlite",
        );
      }
    }
    const { configurations } = shared;
    const document = assemble({
      kind: "nsys",
      tables,
      sources,
      files: read.map(({ summary }) => summary),
      partial: [
        ...read.flatMap(({ missing }) => missing),
        ...missingOf(paths, tables, configurations),
      ],
      ranks: withSlowest(read.flatMap(({ ranks }) => ranks)),
      further: furtherParts(read, shared),
    });
    if (!document.gpu && !document.memcpy && !document.cuda_api && !document.nvtx) {
      throw new UsageError(
        `Cannot analyze "${paths[0]}": this nsys export holds no kernel, no call of CUDA and no ` +
          "NVTX range; record with --trace=cuda,nvtx, and see that what was recorded ran within the " +
          "capture range",
      );
    }
    return withConfigurations(document, {
      names: tables.names,
      category: (name) => tables.category(name),
    }, configurations);
  },
};

export default reader;

/** nsys' own format, which only nsys can read; it is named so that the way to go can be told. */
function isReport(path: string, head: Uint8Array): boolean {
  return /\.(nsys-rep|qdrep)$/.test(path) && head[0] !== "{".charCodeAt(0);
}

type Shared = Parameters<typeof readFile>[3];

function furtherParts(read: readonly ReadFile[], { ranges, wholeGraphs, tables }: Shared) {
  const nvtx = ranges.rows();
  const graphs = callRows(tables.names, wholeGraphs);
  const diagnostics = read.flatMap(({ diagnostics }) => diagnostics);
  return {
    ...(nvtx.length > 0 ? { nvtx } : {}),
    ...(graphs.length > 0 ? { graph_executions: graphs } : {}),
    ...(diagnostics.length > 0 ? { diagnostics } : {}),
  };
}

/** Adds how kernels were launched. */
function withConfigurations(
  document: CaptureAnalysis,
  { names, category }: { names: Names; category: (name: number) => Category },
  configurations: Configurations,
): CaptureAnalysis {
  const ways = configurations.rows(names, category);
  if (ways.length === 0 || !document.kernels) return document;
  const launched = new Map(
    [...configurations.byKernel()].map(([name, told]) => [names.text(name), told]),
  );
  const kernels = document.kernels.map((row) => ({ ...row, ...launched.get(row.name) }));
  return { ...document, kernels, launch_configurations: ways };
}

/** What the reader cannot read, with the way to what it can. */
async function refuseOthers(files: FileSystem, path: string): Promise<void> {
  const head = await headOf(files, path);
  if (isReport(path, head) && !isDatabase(head)) {
    const sqlite = path.replace(/\.[^.]+$/, ".sqlite");
    throw new UsageError(
      `Cannot analyze "${path}": only nsys itself reads its reports; export it first: nsys export ` +
        `--type sqlite --output ${sqlite} ${path}`,
    );
  }
  using file = await files.open(path, { read: true });
  const first = new Uint8Array(2);
  await file.read(first);
  if (isGzip(first)) {
    throw new UsageError(
      `Cannot analyze "${path}": a packed export cannot be read in place; unpack it with gunzip`,
    );
  }
}

function isDatabase(head: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(head.subarray(0, MAGIC.length)) === MAGIC;
}

function missingOf(
  paths: readonly string[],
  { names }: Tables,
  configurations: Configurations,
): Missing[] {
  const found = missingNames(paths, names, "ranges");
  if (configurations.further > 0) {
    found.push({
      path: paths.join(", "),
      reason: "Kernels were launched in too many ways; these launches are in no configuration",
      events: configurations.further,
    });
  }
  return found;
}
