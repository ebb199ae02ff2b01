/**
 * What a step takes besides its operators, as a sweep's own whole-model steps have shown it.
 *
 * On a GPU kernels wait for their launches: a step takes no less than the host needs to launch it (a floor),
 * and something for what happens before its first kernel. Where launches are no work of their own, as on
 * a CPU, they are added. In a CUDA graph kernels are others than in a sweep, which is measured
 * eagerly: there they count by a factor too.
 *
 * @module
 */

import { type Meta, part } from "../sweep_folder.ts";
import { type Batch, tokensOf } from "./batch.ts";
import { quantile } from "./errors.ts";

/** Ways in which vLLM runs a model: without CUDA graphs and torch.compile, or with both. */
export const STEP_MODES = ["eager", "graphs"] as const;

/** A way in which vLLM runs a model. */
export type StepMode = typeof STEP_MODES[number];

/** What steps of one kind take besides; parts that made predictions no better are absent. */
export interface LaunchTerm {
  /** `eager`, `compiled` (with graphs, but none for so many tokens), or the kind of graph. */
  readonly graph: string;
  /** Phases of the steps. */
  readonly phases: readonly string[];
  /** Most tokens that such a graph was captured for. */
  readonly up_to_tokens?: number;
  /** What the operators' time is multiplied by. */
  readonly kernel_factor?: number;
  /** What is added to that. */
  readonly added_us?: number;
  /** What a step takes at least. */
  readonly floor_us?: number;
  /** Steps that it was found from. */
  readonly steps: number;
}

/** All that a sweep knows of launches. */
export interface Launches {
  /** Transformer layers of the steps. */
  readonly layers: number;
  /** `cuda_event` or `host`. */
  readonly timing: string;
  readonly modes: Readonly<Partial<Record<StepMode, readonly LaunchTerm[]>>>;
}

/** The term's name of a step that a session saw. */
export function launchKind(mode: StepMode, graph: string): string {
  if (graph !== "" && graph !== "NONE") return graph;
  return mode === "eager" ? "eager" : "compiled";
}

/** A step's time in µs, of that of its operators in a model with so many layers. */
export function stepUs(
  { layers, timing }: Pick<Launches, "layers" | "timing">,
  { kernel_factor = 1, added_us = 0, floor_us = 0 }: LaunchTerm,
  kernelsUs: number,
  blocks: number,
): number {
  // The host launches layer by layer; what a GPU waits for before the first is of no layer.
  const share = blocks / layers;
  const added = timing === "host" ? added_us * share : added_us;
  return Math.max(kernelsUs * kernel_factor + added, floor_us * share);
}

/** The term for a batch that is to run in a mode; undefined where no step was like it. */
export function launchFor(
  { modes }: Launches,
  mode: StepMode,
  batch: Batch,
): LaunchTerm | undefined {
  const phase = batch.prefills.length === 0
    ? "decode"
    : batch.decodes.length === 0
    ? "prefill"
    : "mixed";
  const tokens = tokensOf(batch);
  const terms = modes[mode] ?? [];
  const replayed = terms.filter(({ phases, up_to_tokens }) =>
    up_to_tokens !== undefined && tokens <= up_to_tokens && phases.includes(phase)
  );
  return replayed.find(({ graph }) => graph === "FULL") ?? replayed[0] ??
    terms.find(({ up_to_tokens }) => up_to_tokens === undefined);
}

/** Reads what `meta.yaml` has of them. */
export function readLaunches(meta: Meta | undefined): Launches | undefined {
  const steps = part(part(meta?.values, "validation"), "steps");
  const found = part(steps, "modes");
  const modes: Partial<Record<StepMode, readonly LaunchTerm[]>> = {};
  let timing = "";
  for (const mode of STEP_MODES) {
    const terms = part(found, mode)["launch"];
    if (!Array.isArray(terms)) continue;
    const good = terms.filter(isTerm);
    if (good.length > 0) modes[mode] = good;
    timing = String(part(found, mode)["timing"]);
  }
  const layers = steps["layers"];
  return typeof layers === "number" && layers > 0 && Object.keys(modes).length > 0
    ? { layers, timing, modes }
    : undefined;
}

function isTerm(value: unknown): value is LaunchTerm {
  const term = value as Partial<Record<keyof LaunchTerm, unknown>> | null;
  const number = (found: unknown) =>
    found === undefined || (typeof found === "number" && Number.isFinite(found) && found >= 0);
  return typeof term?.graph === "string" && Array.isArray(term.phases) &&
    [term.up_to_tokens, term.kernel_factor, term.added_us, term.floor_us].every(number);
}

/** A step to find a term from. */
export interface LaunchSample {
  readonly kernelsUs: number;
  readonly measuredUs: number;
  readonly phase: string;
}

/** Fewer steps than this prove nothing. */
const LEAST_STEPS = 12;
/** Steps of a phase that are looked at; of more every so many. */
const MOST_STEPS = 80;
/** Values that each part is tried with. */
const CANDIDATES = 24;
/** By how much a part has to lower the error to be there. */
const WORTH = 0.9;
const FACTORS = Array.from({ length: 33 }, (_, place) => 0.6 + place * 0.025);

/**
 * The parts that bring steps of one kind nearest to what they took, by the mean size of the error, in which
 * each phase counts the same however many steps it has. A part that hardly lowers it is left out. Undefined
 * where there are too few steps.
 */
export function fitLaunch(
  samples: readonly LaunchSample[],
  { withFactor }: { readonly withFactor: boolean },
): Pick<LaunchTerm, "kernel_factor" | "added_us" | "floor_us"> | undefined {
  if (samples.length < LEAST_STEPS) return undefined;
  const some = [...Map.groupBy(samples, ({ phase }) => phase).values()].flatMap((of) => {
    const every = Math.ceil(of.length / MOST_STEPS);
    const kept = of.filter((_, place) => place % every === 0);
    return kept.map((one) => ({ ...one, weight: 1 / kept.length }));
  });
  const sorted = (values: readonly number[]) => values.toSorted((one, other) => one - other);
  const tried = (values: readonly number[]) => {
    const order = sorted(values.filter((value) => value > 0));
    if (order.length === 0) return [];
    return Array.from(
      { length: CANDIDATES },
      (_, place) => quantile(order, place / (CANDIDATES - 1)),
    );
  };
  const floors = tried(some.map(({ measuredUs }) => measuredUs));
  let best: { error: number; factor: number; added: number; floor: number } | undefined;
  const look = (factors: readonly number[], adds: boolean, floored: boolean) => {
    let found = { error: Infinity, factor: 1, added: 0, floor: 0 };
    for (const factor of factors) {
      const rest = some.map(({ kernelsUs, measuredUs }) => measuredUs - factor * kernelsUs);
      for (const added of adds ? tried(rest) : [0]) {
        for (const floor of floored ? floors : [0]) {
          let error = 0;
          for (const { kernelsUs, measuredUs, weight } of some) {
            const us = Math.max(factor * kernelsUs + added, floor);
            error += weight * Math.abs(us / measuredUs - 1);
          }
          if (error < found.error) found = { error, factor, added, floor };
        }
      }
    }
    if (best === undefined || found.error < best.error * WORTH) best = found;
  };
  // From the fewest parts to the most: each has to be worth it.
  look([1], false, false);
  look([1], false, true);
  look([1], true, false);
  if (withFactor) look(FACTORS, false, true);
  look([1], true, true);
  if (withFactor) look(FACTORS, true, true);
  const { factor, added, floor } = best!;
  const us = (value: number) => Number(value.toFixed(1));
  return {
    ...(factor === 1 ? {} : { kernel_factor: Number(factor.toFixed(3)) }),
    ...(added > 0 ? { added_us: us(added) } : {}),
    ...(floor > 0 ? { floor_us: us(floor) } : {}),
  };
}
