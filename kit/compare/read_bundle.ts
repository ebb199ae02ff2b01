/**
 * A bundle of any kind, read to be compared.
 *
 * @module
 */

import type { Manifest } from "../bundle/manifest.ts";
import { isSession } from "../bundle/merge/merge.ts";
import { settleBundle } from "../bundle/settle.ts";
import type { FileSystem } from "../contract/context.ts";
import { UsageError } from "../contract/errors.ts";
import { isSweep } from "../sweep/validate_sweep.ts";
import { factsOf, inOrder } from "./facts.ts";
import type { BundleKind, ComparedBundle, Fact, KindFigures } from "./figure.ts";
import { single } from "./series.ts";

/** Only a sweep of another tool has no manifest. */
type Read = (
  files: FileSystem,
  dir: string,
  manifest: Manifest | undefined,
) => Promise<KindFigures>;

const capture = async (): Promise<Read> => {
  const { captureFigures } = await import("./kinds/capture.ts");
  return (files, dir, manifest) => captureFigures(files, dir, manifest!);
};

/** How a kind of bundle is read, loaded when it is. */
const KINDS: Readonly<Record<BundleKind, () => Promise<Read>>> = {
  session: async () => (await import("./kinds/session.ts")).sessionFigures,
  torch: capture,
  nsys: capture,
  ncu: capture,
  metal: async () => (await import("./kinds/mac.ts")).metalFigures,
  xctrace: async () => (await import("./kinds/mac.ts")).xctraceFigures,
  sweep: async () => (await import("./kinds/sweep.ts")).sweepFigures,
  automation: () => Promise.resolve(automationFigures),
};

/** What recipes leave that is no session. */
const OF_RECIPES: Readonly<Record<string, BundleKind>> = {
  torch: "torch",
  nsys: "nsys",
  ncu: "ncu",
  metal: "metal",
  xctrace: "xctrace",
  quick: "automation",
  full: "automation",
};

/**
 * Reads a bundle; one that its vscope left open is closed first, as by every command. Needs read and write
 * permission.
 *
 * @throws {UsageError} where the folder is no bundle, or holds nothing to be compared.
 *
 * @example Facts and figures of a bundle
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   type Better,
 *   type BundleKind,
 *   type ComparedBundle,
 *   type Fact,
 *   type Figure,
 *   type FigureName,
 *   type KindFigures,
 *   type MatchedRows,
 *   readCompared,
 *   type Scale,
 *   type Within,
 * } from "@vscope/vscope";
 *
 * const bundle: ComparedBundle = await readCompared(Deno, "perf/examples/session");
 * const kind: BundleKind = bundle.kind;
 * const { facts, figures, matched }: KindFigures = bundle;
 * const vllm: Fact | undefined = facts.find(({ subject }) => subject === "vllm");
 * const rate: Figure = figures.find(({ metric }) => metric === "throughput.tokens_per_s")!;
 * const { unit }: FigureName = rate;
 * const [better, scale]: [Better | undefined, Scale] = [rate.better, rate.scale];
 * const within: Within | undefined = rate.within; // how uneven the run itself was
 * assert.deepEqual([kind, better, scale], ["session", "higher", "ratio"]);
 * console.log(vllm?.value, rate.value, unit, within?.error);
 * const rows: readonly MatchedRows[] = matched; // a time for each key of a table
 * console.log(rows.map(({ metric, rows }) => [metric, rows.size]));
 * ```
 */
export async function readCompared(files: FileSystem, given: string): Promise<ComparedBundle> {
  const path = given.replace(/(?<=.)\/+$/, "");
  const there = await files.stat(path).catch(() => undefined);
  if (!there?.isDirectory) {
    throw new UsageError(
      `Cannot compare "${path}": there is ${there ? "a file, and no folder" : "no such folder"}; ` +
        "give the folder of a bundle",
    );
  }
  const manifest = await settleBundle(files, path);
  const kind = await kindOf(files, path, manifest);
  if (!kind) {
    throw new UsageError(
      manifest
        ? `Cannot compare "${path}": it is a bundle of ${manifest.recipe}, of which nothing is known ` +
          "that could be compared"
        : `Cannot compare "${path}": the folder holds no bundle.json and no tp1, tp2 …; give the ` +
          "folder of a bundle",
    );
  }
  const read = await (await KINDS[kind]())(files, path, manifest);
  return {
    path,
    kind,
    ...(manifest?.status === undefined ? {} : { status: manifest.status }),
    ...(manifest ? { startedAt: manifest.started_at } : {}),
    ...read,
    facts: inOrder([...manifest ? factsOf(manifest) : [], ...read.facts]),
  };
}

async function kindOf(
  files: FileSystem,
  dir: string,
  manifest: Manifest | undefined,
): Promise<BundleKind | undefined> {
  if (await isSession(files, dir)) return "session";
  if (await isSweep(files, dir)) return "sweep";
  return manifest && OF_RECIPES[manifest.recipe];
}

/** An automation: the bundles of its stages, and how long each stage took. */
async function automationFigures(
  files: FileSystem,
  dir: string,
  manifest: Manifest | undefined,
): Promise<KindFigures> {
  const stages = manifest?.stages ?? [];
  const inside = [...new Set(stages.flatMap(({ bundle }) => bundle ?? []))];
  const leftOut: string[] = stages.flatMap(({ name, status, reason }) =>
    status === "complete" || status === "unneeded"
      ? []
      : [`stage ${name}: ${status ?? "was not reached"}${reason ? `, ${reason}` : ""}`]
  );
  const read: KindFigures[] = [];
  for (const name of inside) {
    try {
      const found = await readCompared(files, `${dir}/${name}`);
      read.push({
        facts: found.facts.map((fact): Fact => ({ ...fact, name: `${name}: ${fact.name}` })),
        figures: found.figures.map((one) => ({ ...one, metric: `${name}/${one.metric}` })),
        matched: found.matched.map((one) => ({ ...one, metric: `${name}/${one.metric}` })),
        leftOut: found.leftOut.map((reason) => `${name}: ${reason}`),
      });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      leftOut.push(error.message);
    }
  }
  return {
    facts: read.flatMap(({ facts }) => facts),
    figures: [
      ...read.flatMap(({ figures }) => figures),
      ...stages.flatMap(({ name, seconds }) =>
        single(`stages.${name}.seconds`, seconds, { unit: "s", scale: "ratio" })
      ),
    ],
    matched: read.flatMap(({ matched }) => matched),
    leftOut: [...leftOut, ...read.flatMap((one) => one.leftOut)],
  };
}
