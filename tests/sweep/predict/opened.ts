/** Predictors over sweeps made up for tests. */

import { type Batch, parseShape } from "../../../kit/sweep/predict/batch.ts";
import {
  openPredictor,
  type Predictor,
  type PredictorOptions,
} from "../../../kit/sweep/predict/predictor.ts";
import { inFolder } from "../../folders.ts";
import { writeSweep } from "../made.ts";

/** A folder's predictor. */
export function opened(dir: string, options: Partial<PredictorOptions> = {}): Promise<Predictor> {
  return openPredictor(
    { files: Deno, cwd: dir, env: {}, signal: new AbortController().signal },
    dir,
    { tp: 1, method: "interpolated", ...options },
  );
}

/** Runs `use` with a made sweep, which `change` may have changed. */
export async function withSweep<T>(
  use: (dir: string) => Promise<T>,
  change: (dir: string) => Promise<unknown> = () => Promise.resolve(),
): Promise<T> {
  return await inFolder(async (dir) => {
    await writeSweep(dir);
    await change(dir);
    return await use(dir);
  });
}

/** ns of one call of a layer. */
export function layerNs(predictor: Predictor, batch: Batch | string, layer: string): number {
  const { layers } = predictor.predict(typeof batch === "string" ? parseShape(batch) : batch);
  const found = layers.find((entry) => entry.layer === layer);
  if (!found) throw new Error(`no ${layer}`);
  return found.ns;
}
