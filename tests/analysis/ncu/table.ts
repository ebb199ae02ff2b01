/** Tables as Nsight Compute prints them, made for tests, and reading them from a file. */

import { analyzeCapture } from "../../../kit/analysis/capture/analyze.ts";
import type { CaptureAnalysis } from "../../../kit/analysis/capture/model.ts";
import { UsageError } from "../../../kit/contract/errors.ts";
import { inFolder } from "../../folders.ts";

/** The columns that stand before the figures. */
const IDENTITY = [
  "ID",
  "Process ID",
  "Process Name",
  "Host Name",
  "Kernel Name",
  "Context",
  "Stream",
  "Block Size",
  "Grid Size",
  "Device",
  "CC",
];

const DETAIL = [
  "Section Name",
  "Metric Name",
  "Metric Unit",
  "Metric Value",
  "Rule Name",
  "Rule Type",
  "Rule Description",
  "Estimated Speedup Type",
  "Estimated Speedup",
];

/** A figure: its unit and how it is written. */
export type Figure = readonly [unit: string, text: string];

/** A launch; all launches of a table have the figures of the first. */
export interface Launch {
  readonly name: string;
  readonly figures: Readonly<Record<string, Figure>>;
}

/** A record as ncu writes it: each cell in quotes. */
export function record(cells: readonly string[]): string {
  return cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",");
}

function identity(id: number, name: string): string[] {
  return [
    String(id),
    "4518",
    "python3.12",
    "127.0.0.1",
    name,
    "1",
    "7",
    "(128, 1, 1)",
    "(1024, 2, 1)",
    "0",
    "9.0",
  ];
}

/** The page `raw`: a column for each figure, its unit in a row of its own. */
export function rawPage(launches: readonly Launch[]): string {
  const names = Object.keys(launches[0]!.figures);
  return [
    record([...IDENTITY, ...names]),
    record([...IDENTITY.map(() => ""), ...names.map((name) => launches[0]!.figures[name]![0])]),
    ...launches.map(({ name, figures }, id) =>
      record([...identity(id, name), ...names.map((figure) => figures[figure]![1])])
    ),
  ].join("\n") + "\n";
}

/** The page `details`: a record for each figure, and one for each rule. */
export function detailsPage(launches: readonly Launch[]): string {
  return [
    record([...IDENTITY, ...DETAIL]),
    ...launches.flatMap(({ name, figures }, id) => [
      ...Object.entries(figures).map(([figure, [unit, text]]) =>
        record([...identity(id, name), "Some Section", figure, unit, text, "", "", "", "", ""])
      ),
      record([
        ...identity(id, name),
        "SpeedOfLight",
        "",
        "",
        "",
        "SOLBottleneck",
        "OPT",
        'This kernel, "as it is", uses 1,5 of 2.5\nand more in a second line',
        "global",
        "12.5",
      ]),
    ]),
  ].join("\n") + "\n";
}

/** Reads texts as the files of one report. */
export async function analyzedCsv(
  ...contents: readonly (string | Uint8Array)[]
): Promise<CaptureAnalysis> {
  return await inFolder(async (dir) => {
    const paths = contents.map((_, place) => `${dir}/${place}.csv`);
    for (const [place, content] of contents.entries()) {
      await Deno.writeFile(
        paths[place]!,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
    }
    return await analyzeCapture(Deno, paths);
  });
}

/** Reads one file; gives the message of the error where it is refused. */
export async function csvOutcome(
  ...contents: readonly (string | Uint8Array)[]
): Promise<{ analysis?: CaptureAnalysis; refused?: string }> {
  try {
    return { analysis: await analyzedCsv(...contents) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { refused: error.message };
  }
}
