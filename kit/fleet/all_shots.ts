/**
 * All shots of a sweep at a TP degree, measured or not.
 *
 * @module
 */

import { type NeededShot, neededShots } from "../sweep/measure/needed.ts";
import { layerDefinitions, layersAt, SweepTimes } from "../sweep/measure/times.ts";
import { gridsOf, type SweepSettings } from "../sweep/plan/settings.ts";

/**
 * The shots, in the order in which they are fired.
 *
 * @param absent Layers that the engine does not have.
 */
export function allShots(
  settings: SweepSettings,
  tp: number,
  absent: ReadonlySet<string> = new Set(),
): NeededShot[] {
  const { architecture } = settings;
  const categories = settings.categories
    .filter((category) => layersAt(architecture, category, tp).length > 0);
  const nothing = new SweepTimes(
    { sweeps: [], shots: [], damaged: 0, wholeBytes: 0 },
    layerDefinitions(architecture),
  );
  return neededShots(gridsOf(settings, categories), architecture, tp, nothing, 1, absent);
}
