/**
 * Whether experts are as uneven at the end of a run as at its start.
 *
 * @module
 */

/** Stretches of a run that are kept; each of as many samples. */
const MOST_STRETCHES = 64;
/** Parts of a run that are compared. */
const PARTS = 4;

/** A sample, or several joined. */
interface Stretch {
  /** Choices of experts. */
  weight: number;
  /** Sum over them of the squared deviation over the mean, without what chance makes. */
  squares: number;
}

/**
 * Sums up the samples of a run, in the order of time, in bounded memory.
 *
 * Few choices are uneven by chance: n choices of E experts that are all alike deviate by √((1 − 1/E) · E / n) of their
 * mean (binomial). That is taken off, so that short samples do not look as if the load had moved.
 */
export class ExpertDrift {
  #stretches: Stretch[] = [];
  #open: Stretch = { weight: 0, squares: 0 };
  #joined = 0;
  #width = 1;

  /**
   * Takes a sample of a layer.
   *
   * @param mean Choices per expert since the sample before.
   * @param deviation Their standard deviation.
   * @param experts How many the layer has.
   */
  add(mean: number, deviation: number, experts: number): void {
    if (!(mean > 0 && deviation >= 0 && experts > 1)) return;
    const chance = (1 - 1 / experts) / mean;
    this.#open.weight += mean * experts;
    this.#open.squares += mean * experts * ((deviation / mean) ** 2 - chance);
  }

  /** What was added belongs to one moment. */
  close(): void {
    if (this.#open.weight === 0 || ++this.#joined < this.#width) return;
    this.#stretches.push(this.#open);
    [this.#open, this.#joined] = [{ weight: 0, squares: 0 }, 0];
    if (this.#stretches.length < MOST_STRETCHES) return;
    this.#width *= 2;
    this.#stretches = this.#stretches.flatMap((one, place, all) =>
      place % 2 === 1 ? [] : [{
        weight: one.weight + all[place + 1]!.weight,
        squares: one.squares + all[place + 1]!.squares,
      }]
    );
  }

  /**
   * Deviation over mean in each quarter of the choices, chance taken off; undefined where a stretch is more than
   * a quarter, so that nothing can be compared.
   */
  quarters(): number[] | undefined {
    const all = this.#open.weight > 0 ? [...this.#stretches, this.#open] : this.#stretches;
    const total = all.reduce((sum, { weight }) => sum + weight, 0);
    const parts = Array.from({ length: PARTS }, () => ({ weight: 0, squares: 0 }));
    let before = 0;
    for (const { weight, squares } of all) {
      if (weight > total / PARTS) return undefined;
      const part = parts[Math.min(PARTS - 1, Math.floor(PARTS * (before + weight / 2) / total))]!;
      part.weight += weight;
      part.squares += squares;
      before += weight;
    }
    if (parts.some(({ weight }) => weight === 0)) return undefined;
    return parts.map(({ weight, squares }) => Math.sqrt(Math.max(0, squares / weight)));
  }
}
