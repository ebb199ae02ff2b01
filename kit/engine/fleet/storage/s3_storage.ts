/**
 * Results in an S3-compatible storage: jobs write them as objects, and they are kept here as they come.
 *
 * @module
 */

import type { FileSystem } from "../../../contract/context.ts";
import { messageOf, UsageError } from "../../../contract/errors.ts";
import { keyVariables, neededKeys, type S3Place, s3PlaceOf } from "../../../fleet/s3_place.ts";
import type { UnitOrder } from "../../../fleet/unit_job.ts";
import type { FleetUnit } from "../../../fleet/units.ts";
import type { FleetValues } from "../../../sweep/batch/fleet_options.ts";
import { PieceHome, type PieceSource } from "../piece_home.ts";
import type { UnitHome } from "../unit_home.ts";
import { S3Client } from "./s3_client.ts";
import { segmentRange } from "./segments.ts";
import { jobsFolder, type ResultStorage } from "./storage.ts";

/** Written and removed to see whether one may. */
const TRIAL = "vscope-trial";

/** The storage. */
export class S3Storage implements ResultStorage {
  readonly jobEnv: Readonly<Record<string, string>>;
  readonly #place: S3Place;
  readonly #client: S3Client;

  /** @throws {UsageError} where the place is none, or there are no keys. */
  constructor(
    private readonly files: FileSystem,
    private readonly kept: string,
    private readonly values: FleetValues,
    env: Readonly<Record<string, string>>,
  ) {
    this.#place = s3PlaceOf(values.storage!, values.storageEndpoint, env);
    const keys = neededKeys(env);
    this.jobEnv = keyVariables(keys);
    this.#client = new S3Client(this.#place, keys);
  }

  async check(): Promise<void> {
    try {
      await this.#client.list("vscope-trial/");
      await this.#client.put(TRIAL, "");
      await this.#client.remove(TRIAL);
    } catch (error) {
      const { storage } = this.values;
      throw new UsageError(
        `Cannot run sweep-all with --storage "${storage}": ${
          messageOf(error)
        }; see that the bucket is ` +
          "there, and that AWS_ENDPOINT_URL and the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY fit",
      );
    }
  }

  homeOf(unit: FleetUnit): UnitHome {
    const { name, tp } = unit;
    const source = new S3Source(this.#client, jobsFolder(unit));
    return new PieceHome(this.files, `${this.kept}/${name}`, tp, source);
  }

  orderOf(unit: FleetUnit, attempt: number): Pick<UnitOrder, "s3"> {
    return { s3: { place: this.#place, folder: `${jobsFolder(unit)}/${attempt}/` } };
  }
}

class S3Source implements PieceSource {
  constructor(private readonly client: S3Client, private readonly folder: string) {}

  async read(
    attempt: number,
    known: ReadonlyMap<number, { readonly kind: string }>,
    log: () => Promise<string | undefined>,
  ): Promise<string> {
    const folder = `${this.folder}/${attempt}/`;
    const texts: string[] = [];
    for (const name of await this.client.list(folder)) {
      const range = segmentRange(name);
      if (!range || isKnown(range, known)) continue;
      texts.push(await this.client.get(`${folder}${name}`) ?? "");
    }
    const ended = [...known.values()].some(({ kind }) => kind === "end") ||
      texts.some((text) => / end /.test(text));
    // A job that cannot write to the storage says the rest in its log.
    if (!ended) texts.push(await log() ?? "");
    return texts.join("\n");
  }

  async discard(): Promise<void> {
    for (const name of await this.client.list(`${this.folder}/`)) {
      await this.client.remove(`${this.folder}/${name}`);
    }
  }
}

function isKnown(
  [first, last]: readonly [number, number],
  known: ReadonlyMap<number, unknown>,
): boolean {
  for (let number = first; number <= last; number++) if (!known.has(number)) return false;
  return true;
}
