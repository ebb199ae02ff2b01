/**
 * Metric families and their values, and their text by the OpenMetrics specification (1.0).
 *
 * @module
 */

/** Labels of a sample; an undefined one is left out. */
export type Labels = Readonly<Record<string, string | undefined>>;

/** What a family is. */
export interface FamilyShape {
  /** In base units, without the suffix that its type asks for. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "info";
  /** The name's last word, where the values have a unit. */
  readonly unit?: "seconds" | "ratio";
  readonly help: string;
  /** Of a gauge: its values are the highest so far. */
  readonly peak?: true;
  /** Upper bounds of a histogram's buckets, rising; the last one, +Inf, is added. */
  readonly buckets?: readonly number[];
}

interface Point {
  readonly labels: Labels;
  value: number;
  /** Of a histogram: its values by bucket, not yet summed up, and how many there were. */
  readonly buckets: number[];
  count: number;
  /** Of a histogram: the largest value of each bucket that can be traced. */
  exemplars?: (Exemplar | undefined)[];
}

/** A value of a histogram, and where it is found. */
interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
}

/** The value of one label set at some time. */
export type PointState = Readonly<
  Omit<Point, "buckets" | "exemplars"> & { buckets: readonly number[] }
>;

/** OpenMetrics 1.0, or the text that Prometheus read before it. */
export type Exposition = "openmetrics" | "prometheus";

/** A family that is being filled. */
export class Family {
  #points = new Map<string, Point>();

  constructor(readonly shape: FamilyShape) {}

  /** Adds to a counter; what is no finite number is left out. */
  add(value: number, labels: Labels = {}): void {
    if (Number.isFinite(value)) this.#point(labels).value += value;
  }

  /** Sets a gauge or an info; what is no finite number is left out. */
  set(value: number, labels: Labels = {}): void {
    if (Number.isFinite(value)) this.#point(labels).value = value;
  }

  /** Sets a gauge where the value is above what it has. */
  raise(value: number, labels: Labels = {}): void {
    if (!Number.isFinite(value)) return;
    const known = this.#points.get(keyOf(labels));
    if (!known || value > known.value) this.set(value, labels);
  }

  /**
   * Takes a value of a histogram; what is no finite number is left out.
   *
   * @param trace Where the value is found, as the number of a step: stands beside its bucket while it is
   * the largest there.
   */
  observe(value: number, labels: Labels = {}, trace?: Labels): void {
    if (!Number.isFinite(value)) return;
    const point = this.#point(labels);
    const bounds = this.shape.buckets ?? [];
    let place = 0;
    while (place < bounds.length && value > bounds[place]!) place++;
    point.buckets[place] = (point.buckets[place] ?? 0) + 1;
    point.value += value;
    point.count++;
    if (trace === undefined) return;
    const exemplars = point.exemplars ??= [];
    if (!(value <= (exemplars[place]?.value ?? -Infinity))) {
      exemplars[place] = { labels: trace, value };
    }
  }

  /** Adds what another family of the same shape has counted; of a gauge it takes the values. */
  join(other: Family): void {
    for (const { labels, value, buckets, count } of other.#points.values()) {
      if (this.shape.peak) {
        this.raise(value, labels);
        continue;
      }
      const point = this.#point(labels);
      if (this.shape.type === "gauge" || this.shape.type === "info") point.value = value;
      else point.value += value;
      point.count += count;
      for (const [place, number] of buckets.entries()) {
        point.buckets[place] = (point.buckets[place] ?? 0) + (number ?? 0);
      }
    }
  }

  /** The values as they are now, each by a name of its label set that stays the same. */
  *states(): Generator<{ key: string; state: PointState }> {
    for (const [key, { labels, value, buckets, count }] of this.#points) {
      yield { key, state: { labels, value, buckets: [...buckets], count } };
    }
  }

  /** Lines of one label set, its states in the order of time, each with its seconds in Unix time. */
  history(states: Iterable<{ state: PointState; at: number }>): string[] {
    const lines: string[] = [];
    for (const { state, at } of states) {
      for (const line of this.#samples(state)) lines.push(`${line} ${at}`);
    }
    return lines;
  }

  /** The lines that come before the samples. */
  head(): string[] {
    const { name, type, unit, help } = this.shape;
    return [
      `# TYPE ${name} ${type}`,
      ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
      `# HELP ${name} ${escaped(help)}`,
    ];
  }

  /** There a counter is named as its samples are, and an info is a gauge that is always 1. */
  #olderHead(): string[] {
    const { name, type, help } = this.shape;
    const named = type === "counter" ? `${name}_total` : type === "info" ? `${name}_info` : name;
    return [
      `# TYPE ${named} ${type === "info" ? "gauge" : type}`,
      `# HELP ${named} ${help}`,
    ];
  }

  /** Lines of text, each with its end; nothing where the family has no value. */
  text(form: Exposition = "openmetrics"): string {
    if (this.#points.size === 0) return "";
    const lines = form === "openmetrics" ? this.head() : this.#olderHead();
    for (const point of this.#points.values()) {
      // The older form has no exemplars.
      const { exemplars = [] } = form === "openmetrics" ? point : {};
      lines.push(
        ...this.#samples(point).map((line, place) => line + exemplarText(exemplars[place])),
      );
    }
    return lines.map((line) => `${line}\n`).join("");
  }

  #samples(point: PointState): string[] {
    const { name, type, buckets = [] } = this.shape;
    const { labels, value } = point;
    if (type === "counter") return [`${name}_total${labelText(labels)} ${numberText(value)}`];
    if (type === "info") return [`${name}_info${labelText(labels)} 1`];
    if (type === "gauge") return [`${name}${labelText(labels)} ${numberText(value)}`];
    let below = 0;
    const lines = [...buckets.map(boundText), "+Inf"].map((le, place) => {
      below += point.buckets[place] ?? 0;
      return `${name}_bucket${labelText({ ...labels, le })} ${below}`;
    });
    return [
      ...lines,
      `${name}_count${labelText(labels)} ${point.count}`,
      `${name}_sum${labelText(labels)} ${numberText(value)}`,
    ];
  }

  #point(labels: Labels): Point {
    const key = keyOf(labels);
    let point = this.#points.get(key);
    if (!point) this.#points.set(key, point = { labels, value: 0, buckets: [], count: 0 });
    return point;
  }
}

/** All families as one exposition. */
export function exposition(families: Iterable<Family>, form: Exposition = "openmetrics"): string {
  const text = [...families].map((family) => family.text(form)).join("");
  return form === "openmetrics" ? `${text}# EOF\n` : text;
}

/** Made for every row of a session that is followed: JSON would cost several times as much. */
function keyOf(labels: Labels): string {
  let key = "";
  for (const name in labels) key += `${name}\0${labels[name] ?? "\0"}\0`;
  return key;
}

/** Buckets are a histogram's first lines. */
function exemplarText(exemplar: Exemplar | undefined): string {
  return exemplar ? ` # ${labelText(exemplar.labels)} ${numberText(exemplar.value)}` : "";
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${escaped(value!)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

/** Sums of decimal fractions carry noise in their last digits, which nobody measured. */
function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(15)));
}

/** The specification's form of a bound: a whole one has its point. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
