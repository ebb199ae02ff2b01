/**
 * How results of a batch come home: a kind of storage is one file beside this one.
 *
 * @module
 */

import type { RunContext } from "../../../contract/context.ts";
import { isS3 } from "../../../fleet/s3_place.ts";
import type { UnitOrder } from "../../../fleet/unit_job.ts";
import type { FleetUnit } from "../../../fleet/units.ts";
import type { FleetValues } from "../../../sweep/batch/fleet_options.ts";
import { absolute } from "../../session/session_plan.ts";
import type { UnitHome } from "../unit_home.ts";
import { FolderStorage } from "./folder_storage.ts";
import { LogStorage } from "./log_storage.ts";
import { S3Storage } from "./s3_storage.ts";

/** A kind of storage, on the side of who submits. */
export interface ResultStorage {
  /** Beside what is inherited, the environment of each job. Nobody else is told it. */
  readonly jobEnv: Readonly<Record<string, string>>;
  /**
   * Tries it.
   *
   * @throws {UsageError} where it cannot be used.
   */
  check(): Promise<void>;
  /** Where the results of a unit are taken from, and kept. */
  homeOf(unit: FleetUnit): UnitHome;
  /** What a unit's job is told of it. */
  orderOf(unit: FleetUnit, attempt: number): Pick<UnitOrder, "folder" | "s3">;
}

/**
 * The storage that is asked for.
 *
 * @param kept The batch's folder for what has come home of units that are not over.
 */
export function storageOf(
  values: FleetValues,
  { files, cwd, env }: Pick<RunContext, "files" | "cwd" | "env">,
  kept: string,
): ResultStorage {
  const { storage } = values;
  if (storage === undefined) return new LogStorage(files, kept);
  if (isS3(storage)) return new S3Storage(files, kept, values, env);
  return new FolderStorage(files, absolute(storage, cwd));
}

/** The folder of a unit's jobs in a storage that others use too. */
export function jobsFolder({ prefix }: FleetUnit): string {
  return `${prefix}jobs`;
}
