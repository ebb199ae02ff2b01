/**
 * How long a run will go on, from what its stages usually take and what they took here.
 *
 * @module
 */

import { formatDuration } from "../../contract/quantities.ts";
import type { Stage } from "./stage.ts";

type Timed = Pick<Stage, "name" | "seconds" | "startsEngine">;

/** An estimate of the stages of a run. */
export class TimeLeft {
  readonly #took = new Map<string, number>();
  readonly #left: Set<string>;

  constructor(private readonly stages: readonly Timed[]) {
    this.#left = new Set(stages.map(({ name }) => name));
  }

  /** Takes a stage out; `seconds` where it has run here. */
  over(name: string, seconds?: number): void {
    this.#left.delete(name);
    if (seconds !== undefined) this.#took.set(name, seconds);
  }

  /** Seconds of all stages that are not over, without what the one under way has had. */
  seconds(current?: string, elapsed = 0): number {
    return this.stages.filter(({ name }) => this.#left.has(name)).reduce((sum, stage) => {
      const whole = this.#expected(stage);
      return sum + (stage.name === current ? Math.max(0, whole - elapsed) : whole);
    }, 0);
  }

  /** How long this model takes to start is known once it has started. */
  #expected({ seconds, startsEngine }: Timed): number {
    if (!startsEngine) return seconds;
    const known = this.stages.filter((stage) => stage.startsEngine && this.#took.has(stage.name));
    if (known.length === 0) return seconds;
    const usual = known.reduce((sum, stage) => sum + stage.seconds, 0);
    const here = known.reduce((sum, { name }) => sum + this.#took.get(name)!, 0);
    return seconds * here / usual;
  }
}

/** `about 40s left`, in steps that a person can use. */
export function leftText(seconds: number): string {
  if (seconds < 5) return "nearly done";
  const step = seconds < 60 ? 5 : seconds < 600 ? 10 : 60;
  const rounded = Math.ceil(seconds / step) * step;
  const minutes = Math.floor(rounded / 60);
  return `about ${
    minutes > 0 && rounded % 60 > 0 ? `${minutes}m ${rounded % 60}s` : formatDuration(rounded)
  } left`;
}
