/**
 * When the calls were made that launched something, by their correlation: about 26 bytes each.
 *
 * @module
 */

const LARGEST = 0xffff_fffe;

/** Launches of one process. */
export class LaunchTimes {
  /** Correlations plus one; 0 is an empty slot. */
  #keys = new Uint32Array(1 << 10);
  #times = new Float64Array(1 << 10);
  #graphs = new Uint8Array(1 << 10);
  #used = 0;

  /** Takes a call; the first of a correlation counts. */
  add(correlation: number, time: number, graph: boolean): void {
    if (!(correlation >= 0 && correlation <= LARGEST)) return;
    const slot = this.#slot(correlation);
    if (this.#keys[slot] !== 0) return;
    this.#keys[slot] = correlation + 1;
    this.#times[slot] = time;
    this.#graphs[slot] = graph ? 1 : 0;
    if (++this.#used * 2 > this.#keys.length) this.#grow();
  }

  /** When the call of a correlation began; NaN where it is not known. */
  time(correlation: number): number {
    if (!(correlation >= 0 && correlation <= LARGEST)) return NaN;
    const slot = this.#slot(correlation);
    return this.#keys[slot] === 0 ? NaN : this.#times[slot]!;
  }

  /** Whether the call of a correlation replayed a graph. */
  isGraph(correlation: number): boolean {
    if (!(correlation >= 0 && correlation <= LARGEST)) return false;
    const slot = this.#slot(correlation);
    return this.#keys[slot] !== 0 && this.#graphs[slot] === 1;
  }

  /** The slot of a correlation, or the empty one that it would take. */
  #slot(correlation: number): number {
    const key = correlation + 1;
    const mask = this.#keys.length - 1;
    // Correlations of one process follow each other: their low bits spread them best.
    let slot = correlation & mask;
    while (this.#keys[slot] !== 0 && this.#keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [keys, times, graphs] = [this.#keys, this.#times, this.#graphs];
    this.#keys = new Uint32Array(keys.length * 2);
    this.#times = new Float64Array(keys.length * 2);
    this.#graphs = new Uint8Array(keys.length * 2);
    for (let old = 0; old < keys.length; old++) {
      if (keys[old] === 0) continue;
      const slot = this.#slot(keys[old]! - 1);
      this.#keys[slot] = keys[old]!;
      this.#times[slot] = times[old]!;
      this.#graphs[slot] = graphs[old]!;
    }
  }
}
