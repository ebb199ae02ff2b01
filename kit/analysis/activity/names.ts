/**
 * The texts of a trace, each kept once and known by a number.
 *
 * A trace repeats a few thousand names a million times: looking them up by their bytes makes no
 * string, and so no garbage, for any but the first.
 *
 * @module
 */

/** Texts beyond these are all called {@linkcode FURTHER}: memory is bounded whatever a file holds. */
const MOST_NAMES = 200_000;
const MOST_BYTES = 48 << 20;

/** The name of texts that are not kept apart. */
export const FURTHER = "(further names)";

/** A table of texts. */
export class Names {
  #slots = new Int32Array(1 << 12).fill(-1);
  #hashes: number[] = [];
  #starts: number[] = [];
  #lengths: number[] = [];
  /** Different spellings of one text share its number. */
  #ids: number[] = [];
  #arena = new Uint8Array(1 << 16);
  #used = 0;
  #texts: string[] = [];
  #byText = new Map<string, number>();

  /** @param escaped Whether bytes are spelled as in JSON. */
  constructor(private readonly escaped = true) {}

  /** Spellings that were not valid UTF-8 or held a wrong escape; shown with U+FFFD. */
  broken = 0;
  /** How often {@linkcode FURTHER} was given. */
  further = 0;

  /** How many different texts there are. */
  get size(): number {
    return this.#texts.length;
  }

  /** The text of a number. */
  text(id: number): string {
    return this.#texts[id]!;
  }

  /** The number of a text. */
  idOf(text: string): number {
    let id = this.#byText.get(text);
    if (id === undefined) {
      id = this.#texts.push(text) - 1;
      this.#byText.set(text, id);
    }
    return id;
  }

  /** The number of the text in `bytes` between two quotes, from `start` up to but without `end`. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    let hash = Math.imul(length, 0x9e3779b1);
    // Long names differ at their ends (template arguments) or in the middle: sample all of it.
    const stride = length <= 32 ? 1 : (length >> 5) + 1;
    for (let at = start; at < end; at += stride) {
      hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
      hash ^= hash >>> 15;
    }
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const place = this.#slots[slot]!;
      if (place < 0) return this.#add(bytes, start, end, hash, slot);
      if (this.#hashes[place] !== hash || this.#lengths[place] !== length) continue;
      let ours = this.#starts[place]!;
      let at = start;
      while (at < end && bytes[at] === this.#arena[ours]) {
        at++;
        ours++;
      }
      if (at === end) return this.#ids[place]!;
    }
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const length = end - start;
    if (this.#ids.length >= MOST_NAMES || this.#used + length > MOST_BYTES) {
      this.further++;
      return this.idOf(FURTHER);
    }
    if (this.#used + length > this.#arena.length) {
      const larger = new Uint8Array(Math.max(this.#arena.length * 2, this.#used + length));
      larger.set(this.#arena);
      this.#arena = larger;
    }
    const spelled = bytes.subarray(start, end);
    this.#arena.set(spelled, this.#used);
    const id = this.idOf(this.#decode(spelled));
    const place = this.#ids.push(id) - 1;
    this.#hashes.push(hash);
    this.#starts.push(this.#used);
    this.#lengths.push(length);
    this.#used += length;
    this.#slots[slot] = place;
    if (this.#ids.length * 2 > this.#slots.length) this.#grow();
    return id;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    this.#hashes.forEach((hash, place) => {
      let slot = hash & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = place;
    });
    this.#slots = slots;
  }

  #decode(spelled: Uint8Array): string {
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(spelled);
    } catch {
      this.broken++;
      text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(spelled);
    }
    if (!this.escaped || !text.includes("\\")) return text;
    try {
      return JSON.parse(`"${text}"`) as string;
    } catch {
      // Some writers do not escape backslashes: keep what stands there.
      return text;
    }
  }
}
