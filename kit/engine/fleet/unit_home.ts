/**
 * What has come home of a unit: of each of its jobs what the engine was, the journal, and how it ended.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import type { UnitEnd } from "../../fleet/unit_job.ts";
import type { Journal } from "../../sweep/measure/journal.ts";
import type { EngineFacts } from "../sweep/driver.ts";

/** What one job left. */
export interface JobResult {
  readonly journal: Journal;
  readonly engine?: EngineFacts;
  readonly end?: UnitEnd;
}

/** Where a unit's results come from and are kept. */
export interface UnitHome {
  /** Takes in what is new of a job, and returns all that there is of it. */
  gather(attempt: number, log: () => Promise<string | undefined>): Promise<JobResult>;
  /** Jobs of which something was kept by an earlier vscope. */
  kept(): Promise<number[]>;
  /** Removes what was kept, once it is in the sweep's own journal. */
  discard(): Promise<void>;
}

/** Numbers in the names of what lies in a folder, in order; none where there is none. */
export async function numbersIn(
  files: Pick<FileSystem, "readDir">,
  dir: string,
  name: RegExp,
): Promise<number[]> {
  const found: number[] = [];
  try {
    for await (const entry of files.readDir(dir)) {
      const number = name.exec(entry.name)?.[1];
      if (number !== undefined) found.push(Number(number));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort((one, other) => one - other);
}
