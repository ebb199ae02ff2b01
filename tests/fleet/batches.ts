/** Batches as a fleet may get them, from seeds. */

import { randomOf } from "../../kit/engine/server/requests.ts";
import type { EngineWork } from "../../kit/fleet/work.ts";
import { normal } from "../random.ts";

/** Shots of the default sweep of a dense model, by category; those of experts come on top. */
const DEFAULT_SHOTS = { dense: 430, per_sequence: 60, attention: 12_000, skew: 22_000 };
const EXPERT_SHOTS = 3000;

/**
 * Models at TP 1 and 2: default sweeps, coarser and finer ones, slow and fast boots.
 *
 * A shot takes 4 passes of 2 to 12 ms, a boot half a minute to four.
 */
export function makeBatch(models: number, seed: number): EngineWork[] {
  const random = randomOf(seed);
  return Array.from({ length: models }, (_, model) => {
    const size = random();
    const secondsPerShot = 4 * (0.002 + 0.01 * size ** 2);
    const factor = Math.exp(0.5 * normal(random));
    const experts = random() < 0.3;
    return [1, 2].map((tp) => {
      const shots = Object.entries({
        ...DEFAULT_SHOTS,
        ...(experts && tp === 1 ? { moe: EXPERT_SHOTS } : {}),
      });
      return {
        engine: `model-${model}/tp${tp}`,
        bootSeconds: 30 + 210 * size,
        categories: shots.map(([category, count]) => ({
          category,
          missing: [{ from: 0, to: Math.max(1, Math.round(count * factor)) }],
          secondsPerShot,
        })),
      };
    });
  }).flat();
}
