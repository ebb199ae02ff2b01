/**
 * What the command line of a server says about its profiler and its ranks, and putting ours in.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";

const FLAG = /^--profiler[-_]config(?:\.([\w.]+))?(?:=([\s\S]*))?$/;

/** Where an argv configures the profiler. */
interface Given {
  /** Place of the first word, and how many words it is. */
  place: number;
  words: number;
  /** A field, or undefined for a JSON document of several. */
  field: string | undefined;
  text: string;
}

function given(argv: readonly string[]): Given[] {
  const found: Given[] = [];
  for (const [place, word] of argv.entries()) {
    const match = FLAG.exec(word);
    if (!match) continue;
    const inline = match[2] !== undefined;
    const text = inline ? match[2]! : argv[place + 1] ?? "";
    const field = match[1]?.replaceAll("-", "_");
    found.push({ place, words: inline ? 1 : 2, field, text });
  }
  return found;
}

/**
 * The profiler's configuration in an argv: `--profiler-config JSON` and
 * `--profiler-config.FIELD VALUE`.
 *
 * @param subject The recipe, for the message.
 *
 * @throws {UsageError} when the JSON cannot be read.
 */
export function profilerConfigOf(
  argv: readonly string[],
  subject = "torch",
): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const { field, text } of given(argv)) {
    if (field !== undefined) config[field] = scalar(text);
    else Object.assign(config, document(text, subject));
  }
  return config;
}

function scalar(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const lower = text.toLowerCase();
    return lower === "true" ? true : lower === "false" ? false : text;
  }
}

function document(text: string, subject: string): Record<string, unknown> {
  try {
    const parsed = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw new UsageError(
    `Cannot run ${subject}: the command's --profiler-config is ${
      JSON.stringify(text.slice(0, 80))
    }, ` +
      'which is no JSON object; write it as {"profiler": "torch"}, or leave it out',
  );
}

/** Adds a configuration to a server's argv; what the command says itself stays. */
export function withProfilerConfig(
  argv: readonly string[],
  config: Readonly<Record<string, unknown>>,
): string[] {
  const own = given(argv);
  const merged = { ...config, ...profilerConfigOf(argv) };
  const json = own.find(({ field }) => field === undefined);
  const words = argv.filter((_, place) =>
    !own.some((at) => place >= at.place && place < at.place + at.words)
  );
  // vLLM takes a JSON document or single fields, not both.
  if (json) return [...words, "--profiler-config", JSON.stringify(merged)];
  return [
    ...words,
    ...Object.entries(merged).map(([field, value]) =>
      `--profiler-config.${field}=${typeof value === "string" ? value : JSON.stringify(value)}`
    ),
  ];
}

const DEGREES: readonly (readonly string[])[] = [
  ["--tensor-parallel-size", "-tp"],
  ["--pipeline-parallel-size", "-pp"],
  ["--data-parallel-size", "-dp"],
  ["--prefill-context-parallel-size", "-pcp"],
];

/** Workers that a command line asks for: the product of its degrees of parallelism. */
export function workersOf(argv: readonly string[]): number {
  let workers = 1;
  for (const names of DEGREES) {
    for (const [place, word] of argv.entries()) {
      const [name = "", inline] = word.split("=");
      if (!names.includes(name.replaceAll("_", "-"))) continue;
      const degree = Number(inline ?? argv[place + 1]);
      if (Number.isInteger(degree) && degree > 0) workers *= degree;
    }
  }
  return workers;
}
