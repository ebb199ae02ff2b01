/** Exports read from a file, as users have them. */

import { gunzipSync } from "node:zlib";
import { analyzeCapture } from "../../../kit/analysis/capture/analyze.ts";
import type { CaptureAnalysis } from "../../../kit/analysis/capture/model.ts";
import { UsageError } from "../../../kit/contract/errors.ts";
import { inFolder } from "../../folders.ts";
import { type MadeRow, type Release, writeExport } from "./made.ts";

const FIXTURES = new URL("./fixtures/", import.meta.url);

/** Analyses an export that is made of rows. */
export async function analyzedRows(
  rows: readonly MadeRow[],
  release?: Release,
  further?: Parameters<typeof writeExport>[3],
): Promise<CaptureAnalysis> {
  return await inFolder(async (dir) => {
    writeExport(`${dir}/made.sqlite`, rows, release, further);
    return await analyzeCapture(Deno, [`${dir}/made.sqlite`]);
  });
}

/** Analyses bytes as an export; gives the message of the error where they are refused. */
export async function outcome(
  bytes: Uint8Array,
): Promise<{ analysis?: CaptureAnalysis; refused?: string }> {
  return await inFolder(async (dir) => {
    await Deno.writeFile(`${dir}/x.sqlite`, bytes);
    try {
      return { analysis: await analyzeCapture(Deno, [`${dir}/x.sqlite`]) };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return { refused: error.message.replace(dir, "") };
    }
  });
}

/** The bytes of a recorded export. */
export async function recorded(name: string): Promise<Uint8Array> {
  // A Buffer's slices would share its bytes.
  return new Uint8Array(gunzipSync(await Deno.readFile(new URL(`${name}.sqlite.gz`, FIXTURES))));
}

/** A table of `nsys stats` for a recorded export, as it printed it. */
export async function nsysStats(name: string, report: string): Promise<string> {
  return await Deno.readTextFile(new URL(`${name}.${report}.csv`, FIXTURES));
}
