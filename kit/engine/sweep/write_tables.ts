/**
 * Writes the tables, the fit and `meta.yaml` of what the journal has.
 *
 * @module
 */

import { isThere } from "../../contract/is_there.ts";
import { writeWhole } from "../../bundle/files/whole_file.ts";
import { keptKeys, type PartOf } from "../../sweep/adaptive/sweep_part.ts";
import { fitBundle } from "../../sweep/fit/fit_bundle.ts";
import { metaYaml } from "../../sweep/measure/meta.ts";
import { makeTable } from "../../sweep/measure/tables.ts";
import { layerDefinitions, SweepTimes } from "../../sweep/measure/times.ts";
import { layerKinds } from "../../sweep/model/layer_kinds.ts";
import { gridsOf } from "../../sweep/plan/settings.ts";
import { part, readMeta, tpFolders } from "../../sweep/sweep_folder.ts";
import { askedFor } from "../../sweep/validation/batches.ts";
import { type Validation, validationCsv, validationMeta } from "../../sweep/validation/validate.ts";
import type { EngineFacts } from "./driver.ts";
import { chosenPart, hasBegun, partMeta, undone } from "./next_shots.ts";
import { tellOtherLimits } from "./other_limits.ts";
import { renewCopies } from "./renew_copies.ts";
import { keptEngine, note, settingsOf, type SweepState } from "./sweep_state.ts";
import { sha256 } from "./identity.ts";
import { stepsOf } from "./steps/of_run.ts";
import { validateDegree } from "./validation.ts";

/** How many reasons for which shots failed are told. */
const TOLD = 5;

/** Writes them; what has no time is counted in the manifest. Needs write permission. */
export async function writeTables(run: SweepState): Promise<void> {
  const { context: { files }, dir, settings, manifest } = run;
  const { architecture } = settings;
  const times = new SweepTimes(run.journal, layerDefinitions(architecture));
  // A TP degree whose engine was not reached has TP 1's limits for its tables, or those of the first that was.
  const first = run.engines.get(1)?.facts ?? keptEngine(manifest, 1) ??
    [...run.engines.values()][0]!.facts;
  for (const tp of settings.tpDegrees) {
    const engine = run.engines.get(tp);
    const facts = engine?.facts ?? first;
    const own = settingsOf(settings, facts);
    const part = chosenPart(run, tp, facts);
    const complete = tellUndone(run, tp, facts, part);
    const absent = engine?.facts.missing ?? [];
    if (absent.length > 0) {
      note(run, "warning", `TP degree ${tp}: vLLM's model has no module for ${absent.join(", ")}`);
      run.unfinished = true;
    }
    // Rows that all TP degrees share are no table of one at which nothing was measured yet.
    if (!complete && !run.journal.shots.some((shot) => shot.tp === tp)) continue;
    const kept = part && keptKeys(part);
    const stable = kept && keptKeys(chosenPart(run, 1, first)!);
    for (const whole of gridsOf(own)) {
      const { name: category } = whole.category;
      const grid = kept ? { ...whole, keys: kept.get(category) ?? [] } : whole;
      const kinds = layerKinds(settings.model);
      const table = makeTable(grid, architecture, tp, times, kinds, stable?.get(category));
      if (!table || (table.rows === 0 && (kept || !complete))) continue;
      await files.mkdir(`${dir}/tp${tp}`, { recursive: true });
      await replace(run, `${dir}/tp${tp}/${table.name}.csv`, table.text);
      const name = `tp${tp}/${table.name}`;
      if (table.missing > 0) manifest.dropped[name] = table.missing;
    }
  }
  if (settings.tpDegrees.includes(1)) {
    await renewCopies(files, dir, architecture, settings.tpDegrees);
  }
  const degrees = await tpFolders(files, dir);
  const adaptive = partMeta(run, first);
  if (degrees.length === 0) {
    if ([...run.engines.values()].some(({ failed }) => failed.length > 0)) {
      note(run, "error", "No shot could be measured in this engine, and there are no tables");
    }
    return;
  }
  const skew = await Promise.all(
    degrees.map((tp) => isThere(files, `${dir}/tp${tp}/skew.csv`)),
  );
  const before = (await readMeta(files, dir))?.values;
  const validation = await validated(run, first, times, before);
  const steps = await stepsOf(run, first);
  const meta = await metaYaml({
    ...(validation || steps ? { validation: { ...validation, ...(steps ? { steps } : {}) } } : {}),
    ...(adaptive ? { adaptive } : {}),
    settings: settingsOf(settings, first),
    degrees,
    skew: skew.includes(true),
    iterations: run.values.measurementIterations,
    profiledAt: run.manifest.started_at,
    architectureSha256: sha256(architecture.text),
    engine: first.arguments,
    sweeps: run.journal.sweeps,
  });
  await replace(run, `${dir}/meta.yaml`, meta);
  tellOtherLimits(run, degrees, first, before);
  if (skew.includes(true)) await fitBundle(files, dir, { write: true });
}

/** Tells what is left of a TP degree, and returns whether nothing is. */
function tellUndone(
  run: SweepState,
  tp: number,
  facts: EngineFacts,
  part: PartOf | undefined,
): boolean {
  const { failed, left } = undone(run, tp, facts);
  const reasons = Object.entries(Object.groupBy(failed, ({ why }) => why));
  for (const [why, shots = []] of reasons.slice(0, TOLD)) {
    const first = `the shot "${shots[0]!.k.trim()}"`;
    const more = shots.length - 1;
    const which = more === 0
      ? `${first} was`
      : `${first} and ${more} more ${more === 1 ? "was" : "were"}`;
    note(run, "warning", `TP degree ${tp}: ${which} set aside: ${why}`);
  }
  const untold = reasons.slice(TOLD).reduce((sum, [, shots = []]) => sum + shots.length, 0);
  if (untold > 0) {
    note(run, "warning", `TP degree ${tp}: ${untold} more shots were set aside, see logs/`);
  }
  if (part && left > 0) {
    note(run, "warning", `TP degree ${tp}: more shots are to be chosen and fired`);
  } else if (left > 0) note(run, "warning", `TP degree ${tp}: ${left} shots are left to be fired`);
  const begun = !part || left > 0 || hasBegun(part);
  if (!begun) {
    note(
      run,
      "warning",
      `TP degree ${tp}: the budget was spent before the first shots of every table were fired; the ` +
        "same command with a larger --budget goes on",
    );
  }
  const complete = failed.length + left === 0 && begun;
  if (!complete) run.unfinished = true;
  return complete;
}

/** What held-out batches say of the tables: those asked for, or those that are there already. */
async function validated(
  run: SweepState,
  first: EngineFacts,
  times: SweepTimes,
  before: Readonly<Record<string, unknown>> | undefined,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { context: { files }, dir, settings, values } = run;
  const there = before?.["validation"] as Readonly<Record<string, unknown>> | undefined;
  const batchesOf = (tp: number) => Number(part(part(there, "per_tp"), tp)["batches"] ?? 0);
  const found = new Map<number, Validation>();
  for (const tp of settings.tpDegrees) {
    const own = settingsOf(settings, run.engines.get(tp)?.facts ?? first);
    const count = values.validate || askedFor(own.limits, own.density, batchesOf(tp));
    const validation = await validateDegree(files, dir, own, count, tp, times);
    if (!validation || validation.batches.length === 0) continue;
    found.set(tp, validation);
    await replace(run, `${dir}/tp${tp}/validation.csv`, validationCsv(validation));
  }
  if (found.size === 0) return values.validate === 0 ? there : undefined;
  const { per_tp, ...rest } = validationMeta(found);
  // What is there of TP degrees that this run was not asked for stays, as their tables do.
  const others = Object.entries(there?.["per_tp"] ?? {})
    .filter(([tp]) => !settings.tpDegrees.includes(Number(tp)));
  return { ...rest, per_tp: { ...Object.fromEntries(others), ...per_tp as object } };
}

/** A file is whole whenever it is read. */
async function replace({ context: { files } }: SweepState, path: string, text: string) {
  await writeWhole(files, path, text);
}
