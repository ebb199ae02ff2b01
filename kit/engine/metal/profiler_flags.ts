/**
 * What a `vllm serve` command says about the profiler, and what has to be added to it.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";

/** Fields of vLLM's profiler configuration that end a capture by counting steps. */
const COUNTED = ["delay_iterations", "max_iterations"];

/** Fields that only the torch profiler reads. */
const TORCH_ONLY = [
  "torch_profiler_with_stack",
  "torch_profiler_record_shapes",
  "torch_profiler_with_memory",
  "torch_profiler_with_flops",
  "torch_profiler_use_gzip",
  "torch_profiler_dump_cuda_time_total",
  "capture_torch_profiler",
  "detailed_trace_annotation",
  "wait_iterations",
  "warmup_iterations",
  "active_iterations",
];

/** A command with the profiler in it. */
export interface ProfiledCommand {
  argv: string[];
  /** The folder that the command names itself. */
  traceDir?: string;
  /** Torch-only fields that are set. */
  without_effect: string[];
}

/**
 * Adds what vllm-metal wants to a command, and leaves what is there.
 *
 * @param fallbackDir Where traces go if the command names no folder.
 * @throws {UsageError} for fields that vllm-metal refuses once the capture starts, or cannot use.
 */
export function withProfiler(
  subject: string,
  argv: readonly string[],
  fallbackDir: string,
): ProfiledCommand {
  const { fields, place } = readFields(subject, argv);
  for (const name of COUNTED) {
    const value = fields.get(name);
    if (value === undefined || Number(value) === 0) continue;
    throw new UsageError(
      `Cannot run ${subject}: the command sets ${name} to ${value}, which vllm-metal refuses when ` +
        "the capture starts, because its worker counts no steps for the profiler; leave it out, " +
        "and bound the capture with --max-tokens",
    );
  }
  const kind = fields.get("profiler");
  if (kind !== undefined && kind !== "torch") {
    throw new UsageError(
      `Cannot run ${subject}: the command sets the profiler to "${kind}"; vllm-metal ignores which ` +
        'one it is, but vLLM takes the folder for traces only with "torch": leave it out',
    );
  }
  const traceDir = fields.get("torch_profiler_dir");
  const missing: Record<string, string> = {
    ...(kind === undefined ? { profiler: "torch" } : {}),
    ...(traceDir === undefined ? { torch_profiler_dir: fallbackDir } : {}),
  };
  return {
    argv: place === undefined ? [...argv, ...dotted(missing)] : merged(argv, place, missing),
    ...(traceDir === undefined ? {} : { traceDir }),
    without_effect: TORCH_ONLY.filter((name) => fields.has(name)),
  };
}

function dotted(fields: Record<string, string>): string[] {
  return Object.entries(fields).map(([name, value]) => `--profiler-config.${name}=${value}`);
}

/** The command's JSON document with more in it: vLLM takes it or dotted flags, not both. */
function merged(
  argv: readonly string[],
  place: { at: number; joined: boolean; document: Record<string, unknown> },
  more: Record<string, string>,
): string[] {
  const text = JSON.stringify({ ...place.document, ...more });
  return argv.map((word, at) =>
    at !== place.at ? word : place.joined ? `--profiler-config=${text}` : text
  );
}

function readFields(subject: string, argv: readonly string[]): {
  fields: Map<string, string>;
  place?: { at: number; joined: boolean; document: Record<string, unknown> };
} {
  const fields = new Map<string, string>();
  let place: { at: number; joined: boolean; document: Record<string, unknown> } | undefined;
  for (const [at, word] of argv.entries()) {
    const match = /^--profiler[-_]config(?:\.([\w-]+))?(?:=([\s\S]*))?$/.exec(word);
    if (!match) continue;
    const [, name, joined] = match;
    const value = joined ?? argv[at + 1] ?? "";
    if (name !== undefined) {
      fields.set(name.replaceAll("-", "_"), value);
      continue;
    }
    const document = readDocument(subject, value);
    place = { at: joined === undefined ? at + 1 : at, joined: joined !== undefined, document };
    for (const [key, field] of Object.entries(document)) fields.set(key, String(field));
  }
  return place ? { fields, place } : { fields };
}

function readDocument(subject: string, text: string): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === "object" && document !== null && !Array.isArray(document)) {
      return document as Record<string, unknown>;
    }
  } catch {
    // Told below.
  }
  throw new UsageError(
    `Cannot run ${subject}: the command's --profiler-config is ${JSON.stringify(text)}, ` +
      'which is no JSON object; give one, as {"profiler":"torch"}, or leave it out',
  );
}
