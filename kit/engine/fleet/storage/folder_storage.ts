/**
 * Results in a folder that the cluster shares with this machine: they are read where they lie.
 *
 * @module
 */

import type { FileSystem } from "../../../contract/context.ts";
import { readManifest } from "../../../bundle/manifest_file.ts";
import { documentOf } from "../../../fleet/pieces.ts";
import { END_NAME, isEnd } from "../../../fleet/unit_job.ts";
import type { FleetUnit } from "../../../fleet/units.ts";
import { readJournal } from "../../../sweep/measure/journal.ts";
import { keptEngine } from "../../sweep/sweep_state.ts";
import { type JobResult, numbersIn, type UnitHome } from "../unit_home.ts";
import { jobsFolder, type ResultStorage } from "./storage.ts";

/** The storage. */
export class FolderStorage implements ResultStorage {
  readonly jobEnv = {};

  /** @param folder Absolute, and the same on all machines. */
  constructor(private readonly files: FileSystem, private readonly folder: string) {}

  async check(): Promise<void> {}

  homeOf(unit: FleetUnit): UnitHome {
    return new FolderHome(this.files, `${this.folder}/${jobsFolder(unit)}`, unit.tp);
  }

  orderOf(unit: FleetUnit, attempt: number): { folder: string } {
    return { folder: `${this.folder}/${jobsFolder(unit)}/${attempt}` };
  }
}

class FolderHome implements UnitHome {
  /** @param dir Folder of this unit alone; each job has one in it. */
  constructor(
    private readonly files: FileSystem,
    private readonly dir: string,
    private readonly tp: number,
  ) {}

  async gather(attempt: number): Promise<JobResult> {
    const dir = `${this.dir}/${attempt}`;
    const journal = await readJournal(this.files, dir);
    // Another machine writes it: what cannot be read now is read the next time.
    const manifest = await readManifest(this.files, dir).catch(() => undefined);
    const engine = keptEngine(manifest, this.tp);
    const text = await this.files.readTextFile(`${dir}/${END_NAME}`).catch(() => "");
    const end = documentOf(text);
    return { journal, ...(engine ? { engine } : {}), ...(isEnd(end) ? { end } : {}) };
  }

  async kept(): Promise<number[]> {
    return await numbersIn(this.files, this.dir, /^([1-9]\d{0,5})$/);
  }

  async discard(): Promise<void> {
    await this.files.remove(this.dir, { recursive: true }).catch(() => {});
  }
}
