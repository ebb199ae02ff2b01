/**
 * What was found of the tables of sweeps that are merged: it holds of a TP degree whose rows are all of one
 * of them, and of no other.
 *
 * @module
 */

import { copyFile, copyFolder } from "../../bundle/files/copy.ts";
import type { FileSystem } from "../../contract/context.ts";
import { isThere } from "../../contract/is_there.ts";
import { part } from "../sweep_folder.ts";
import type { MergeSource } from "./source.ts";
import type { MergedTable } from "./tables.ts";

/** By TP degree the sweep that all of its rows are from, its copies of tp1 aside. */
export type Owners = ReadonlyMap<number, MergeSource>;

/** Finds them. */
export function ownersOf(
  sources: readonly MergeSource[],
  tables: readonly MergedTable[],
): Owners {
  const places = new Map<number, Set<number>>();
  for (const { tp, rows } of tables) {
    const found = places.get(tp) ?? new Set();
    for (const { source, copied } of rows) if (!copied) found.add(source);
    places.set(tp, found);
  }
  return new Map(
    [...places].flatMap(([tp, [place, another]]) =>
      place === undefined || another !== undefined ? [] : [[tp, sources[place]!] as const]
    ),
  );
}

/** Of a part of meta that tells of each TP degree, what its owner tells, but for steps; undefined where none does. */
function ofOwners(owners: Owners, key: string): Readonly<Record<string, unknown>> | undefined {
  const told = [...owners].flatMap(([tp, { meta }]) => {
    const { per_tp: _, steps: __, ...rest } = part(meta, key);
    const own = part(part(meta, key), "per_tp")[tp];
    return own === undefined ? [] : [{ tp, own, rest, way: JSON.stringify(rest) }];
  }).sort((one, other) => one.tp - other.tp);
  const [first] = told;
  if (!first) return undefined;
  // What is found in another way is not told as if it were the same.
  const alike = told.filter(({ way }) => way === first.way);
  return { ...first.rest, per_tp: Object.fromEntries(alike.map(({ tp, own }) => [tp, own])) };
}

/** The parts `validation` and `adaptive` of `meta.yaml`; undefined are those that hold of no TP degree. */
export function mergedFindings(owners: Owners): Readonly<Record<string, unknown>> {
  const steps = stepsOwner(owners);
  const validation = {
    ...ofOwners(owners, "validation"),
    ...(steps ? { steps: part(steps.meta, "validation")["steps"] } : {}),
  };
  return {
    validation: Object.keys(validation).length > 0 ? validation : undefined,
    adaptive: ofOwners(owners, "adaptive"),
  };
}

/** The sweep whose steps of the whole model are those of the merged tables. */
function stepsOwner(owners: Owners): MergeSource | undefined {
  return [...owners].find(([tp, { meta }]) => part(part(meta, "validation"), "steps")["tp"] === tp)
    ?.[1];
}

/** Copies the batches and sessions that the findings are of. Needs read and write permission. */
export async function copyFindings(files: FileSystem, owners: Owners, to: string): Promise<void> {
  for (const [tp, { dir }] of owners) {
    const path = `tp${tp}/validation.csv`;
    if (await isThere(files, `${dir}/${path}`)) {
      await copyFile(files, `${dir}/${path}`, `${to}/${path}`);
    }
  }
  const steps = stepsOwner(owners);
  if (!steps) return;
  const modes = part(part(part(steps.meta, "validation"), "steps"), "modes");
  for (const { session } of Object.values(modes) as { session?: unknown }[]) {
    if (typeof session !== "string" || !/^steps-[a-z]+$/.test(session)) continue;
    if (await isThere(files, `${steps.dir}/${session}`)) {
      await copyFolder(files, `${steps.dir}/${session}`, `${to}/${session}`);
    }
  }
}
