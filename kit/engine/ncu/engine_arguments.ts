/**
 * How vLLM is made fit to be measured: eager, and with a KV cache that is quick to save and restore.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { formatBytes } from "../../contract/quantities.ts";
import { askPython } from "../python/ask_python.ts";
import source from "./engine_facts.py" with { type: "text" };
import type { NcuValues } from "./options.ts";

/** What a vLLM can be told. */
export interface EngineFacts {
  kv_cache_memory: boolean;
  auto_length: boolean;
}

/** What is added to a vLLM, in the words of its command line and of its EngineArgs. */
export interface EngineArguments {
  argv: string[];
  fields: Record<string, unknown>;
  /** What a person should know of it, a sentence each. */
  notes: string[];
  warnings: string[];
}

/** Asks an interpreter; undefined when it cannot tell. */
export async function engineFacts(
  context: RunContext,
  python: string | undefined,
): Promise<EngineFacts | undefined> {
  if (python === undefined) return undefined;
  const path = "kit/engine/ncu/engine_facts.py";
  return await askPython(context, python, path, source) as EngineFacts | undefined;
}

/**
 * What a command does not say itself.
 *
 * @param facts Nothing where they are not known: a current vLLM is assumed then.
 */
export function engineArguments(
  values: Pick<NcuValues, "cudaGraphs" | "kvCacheMemory">,
  command: readonly string[],
  facts: EngineFacts | undefined,
): EngineArguments {
  const found: EngineArguments = { argv: [], fields: {}, notes: [], warnings: [] };
  const given = (...flags: string[]) =>
    command.find((word) => flags.includes(word.split("=")[0]!.replaceAll("_", "-")));
  if (!values.cudaGraphs && !given("--enforce-eager", "--no-enforce-eager")) {
    found.argv.push("--enforce-eager");
    found.fields["enforce_eager"] = true;
    found.notes.push(
      "vLLM runs eager, so that kernels are launched one by one: those that torch.compile makes are " +
        "not among them; --cuda-graphs leaves vLLM as the command has it",
    );
  }
  const own = given("--kv-cache-memory-bytes", "--num-gpu-blocks-override");
  if (own !== undefined) {
    found.notes.push(`The size of the KV cache is the command's own (${own})`);
  } else if (values.kvCacheMemory === 0) {
    found.warnings.push(
      "--kv-cache-memory 0: the KV cache keeps its size, and ncu saves and restores it for each " +
        "launch that may write to it; seconds a launch were seen with 40 GB",
    );
  } else if (facts && !facts.kv_cache_memory) {
    found.warnings.push(
      "This vLLM takes no --kv-cache-memory-bytes: its KV cache keeps its size, and launches may take " +
        "seconds each; give the command a --num-gpu-blocks-override",
    );
  } else shrink(found, values.kvCacheMemory, !given("--max-model-len"), facts);
  return found;
}

function shrink(
  found: EngineArguments,
  bytes: number,
  lengthIsFree: boolean,
  facts: EngineFacts | undefined,
): void {
  found.argv.push("--kv-cache-memory-bytes", String(bytes));
  found.fields["kv_cache_memory_bytes"] = bytes;
  const auto = lengthIsFree && facts?.auto_length !== false;
  if (auto) {
    found.argv.push("--max-model-len", "auto");
    found.fields["max_model_len"] = -1;
  }
  found.notes.push(
    `vLLM's KV cache is made ${
      formatBytes(bytes)
    } small (ncu saves and restores what a kernel may ` +
      "write, before each of its runs)" +
      (auto ? ", and requests may be as long as fits into it" : "") +
      "; --kv-cache-memory makes it another size",
  );
}
