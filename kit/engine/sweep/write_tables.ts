/**
 * Writes the tables, the fit and `meta.yaml` of what the journal has.
 *
 * @module
 */

import { isThere } from "../../contract/is_there.ts";
import { writeWhole } from "../../bundle/whole_file.ts";
import { fitBundle } from "../../sweep/fit/fit_bundle.ts";
import { metaYaml } from "../../sweep/measure/meta.ts";
import { makeTable } from "../../sweep/measure/tables.ts";
import { layerDefinitions, SweepTimes } from "../../sweep/measure/times.ts";
import { layerKinds } from "../../sweep/model/layer_kinds.ts";
import { gridsOf } from "../../sweep/plan/settings.ts";
import { readMeta, tpFolders } from "../../sweep/sweep_folder.ts";
import { type Validation, validationCsv, validationMeta } from "../../sweep/validation/validate.ts";
import type { EngineFacts } from "./driver.ts";
import { missing, settingsOf, type SweepState } from "./sweep_state.ts";
import { sha256 } from "./identity.ts";
import { stepsOf } from "./steps/of_run.ts";
import { validateDegree } from "./validation.ts";

/** How many of the shots that failed are told one by one. */
const TOLD = 5;

/** Writes them; what has no time is counted in the manifest. Needs write permission. */
export async function writeTables(run: SweepState): Promise<void> {
  const { context: { files }, dir, settings, manifest } = run;
  const { architecture } = settings;
  const times = new SweepTimes(run.journal, layerDefinitions(architecture));
  // A TP degree whose engine was not reached has the limits of the one before it, for its tables.
  const first = [...run.engines.values()][0]!.facts;
  for (const tp of settings.tpDegrees) {
    const engine = run.engines.get(tp);
    const own = settingsOf(settings, engine?.facts ?? first);
    const left = missing(run, tp, engine?.facts ?? first);
    const failed = (engine?.failed ?? []).filter(({ k }) => left.some((shot) => shot.k === k));
    for (const { k, why } of failed.slice(0, TOLD)) {
      note(run, `TP degree ${tp}: the shot "${k.trim()}" was set aside: ${why}`);
    }
    if (failed.length > TOLD) {
      note(run, `TP degree ${tp}: ${failed.length - TOLD} more shots were set aside, see logs/`);
    }
    if (left.length > failed.length) {
      note(run, `TP degree ${tp}: ${left.length - failed.length} shots are left to be fired`);
    }
    if (left.length > 0) run.unfinished = true;
    const absent = engine?.facts.missing ?? [];
    if (absent.length > 0) {
      note(run, `TP degree ${tp}: vLLM's model has no module for ${absent.join(", ")}`);
      run.unfinished = true;
    }
    for (const grid of gridsOf(own)) {
      const table = makeTable(grid, architecture, tp, times, layerKinds(settings.model));
      if (!table || (table.rows === 0 && left.length > 0)) continue;
      await files.mkdir(`${dir}/tp${tp}`, { recursive: true });
      await replace(run, `${dir}/tp${tp}/${table.name}.csv`, table.text);
      const name = `tp${tp}/${table.name}`;
      if (table.missing > 0) manifest.dropped[name] = table.missing;
    }
  }
  const degrees = await tpFolders(files, dir);
  if (degrees.length === 0) return;
  const skew = await Promise.all(
    degrees.map((tp) => isThere(files, `${dir}/tp${tp}/skew.csv`)),
  );
  const validation = await validated(run, first, times);
  const steps = await stepsOf(run, first);
  const meta = await metaYaml({
    ...(validation || steps ? { validation: { ...validation, ...(steps ? { steps } : {}) } } : {}),
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
  if (skew.includes(true)) await fitBundle(files, dir, { write: true });
}

/** What held-out batches say of the tables; what is there of them where none were asked for. */
async function validated(
  run: SweepState,
  first: EngineFacts,
  times: SweepTimes,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { context: { files }, dir, settings, values } = run;
  if (values.validate === 0) {
    const there = (await readMeta(files, dir))?.values["validation"];
    return there as Readonly<Record<string, unknown>> | undefined;
  }
  const found = new Map<number, Validation>();
  for (const tp of settings.tpDegrees) {
    const own = settingsOf(settings, run.engines.get(tp)?.facts ?? first);
    const validation = await validateDegree(files, dir, own, values.validate, tp, times);
    if (!validation || validation.batches.length === 0) continue;
    found.set(tp, validation);
    await replace(run, `${dir}/tp${tp}/validation.csv`, validationCsv(validation));
  }
  return found.size > 0 ? validationMeta(found) : undefined;
}

function note(run: SweepState, message: string): void {
  run.manifest.notes.push({ severity: "warning", message });
}

/** A file is whole whenever it is read. */
async function replace({ context: { files } }: SweepState, path: string, text: string) {
  await writeWhole(files, path, text);
}
