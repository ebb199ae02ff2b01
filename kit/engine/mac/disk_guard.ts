/**
 * Free space, against what a run is expected to write.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { isThere } from "../../contract/is_there.ts";
import type { GuardRecord } from "../../bundle/metal_record.ts";
import { ask, type Guard } from "./guard.ts";

/** Bytes as a sentence has them. */
export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/**
 * @param need.expected Bytes below which nothing is started.
 * @param need.upper Bytes below which a warning is due.
 */
export function diskGuard(dir: string, need: { expected: number; upper: number }): Guard {
  return async (context): Promise<GuardRecord> => {
    const name = "disk";
    const place = await nearest(context, dir);
    const free = await freeBytes(context, dir);
    if (free === undefined) {
      return { name, outcome: "unknown", found: `df does not tell how much "${place}" can take` };
    }
    const seen = `${gigabytes(free)} free at "${place}"`;
    const remedy = "free some space, give another disk, or ask for less";
    if (free < need.expected) {
      const found = `${seen}, and about ${gigabytes(need.expected)} are needed`;
      return { name, outcome: "refused", found, remedy };
    }
    if (free < need.upper) {
      const found = `${seen}: enough for the ${gigabytes(need.expected)} expected, ` +
        `not for the ${gigabytes(need.upper)} that it can come to`;
      return { name, outcome: "warning", found, remedy };
    }
    return { name, outcome: "ok", found: seen };
  };
}

/** The folder itself, or the nearest one above it that is there. */
async function nearest(context: RunContext, dir: string): Promise<string> {
  for (let place = dir; place !== ""; place = place.slice(0, place.lastIndexOf("/"))) {
    if (await isThere(context.files, place)) return place;
  }
  return "/";
}

/** What `df` calls available at a folder, in bytes; undefined where it does not tell. */
export async function freeBytes(context: RunContext, dir: string): Promise<number | undefined> {
  const listed = await ask(context, "df", "-Pk", await nearest(context, dir));
  // POSIX: a head, then file system, blocks of 1024 bytes, used, available, capacity, mount point.
  const fields = /(\d+)\s+(\d+)\s+(-?\d+)\s+\d+%/.exec(listed?.split("\n").at(-1) ?? "");
  return fields ? Number(fields[3]) * 1024 : undefined;
}
