/**
 * The text of `/metrics`, as vLLM and others print it for Prometheus, read into samples.
 *
 * @module
 */

/** A sample: its name with its suffix, its labels and its value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The labels as they stand in the text, without braces. */
  readonly labelText: string;
  readonly value: number;
}

/** Name, labels, value; then perhaps a time, and an exemplar behind a mark of its own. */
const LINE =
  /^([a-zA-Z_:][\w:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?[ \t]+([^\s#]+)(?:[ \t]+[^\s#]+)?(?:[ \t]+#.*)?\s*$/s;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/gs;

/** Reads the samples; lines that are none are left out. */
export function readExposition(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) continue;
    const [, name, labelText = "", number] = LINE.exec(line) ?? [];
    if (name === undefined || number === undefined) continue;
    const value = numberOf(number);
    if (value === undefined) continue;
    samples.push({ name, labelText, labels: labelsOf(labelText), value });
  }
  return samples;
}

function numberOf(text: string): number | undefined {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  const value = Number(text);
  return text === "NaN" || Number.isNaN(value) ? undefined : value;
}

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(LABEL)].map(([, name, value]) => [
      name!,
      value!.replace(/\\(.)/gs, (_, letter) => letter === "n" ? "\n" : letter),
    ]),
  );
}

/** The sum of the samples of that name, over all labels or those that `wanted` takes. */
export function sumOf(
  samples: readonly Sample[],
  name: string,
  wanted: (labels: Sample["labels"]) => boolean = () => true,
): number | undefined {
  const found = samples.filter((sample) => sample.name === name && wanted(sample.labels));
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}
