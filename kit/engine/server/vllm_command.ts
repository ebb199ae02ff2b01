/**
 * What a vLLM command line says about the server that it starts.
 *
 * @module
 */

import { baseName, isPython, unwrapped } from "../python/python_of.ts";

/** A command as far as it can be told from its argv. */
export interface VllmCommand {
  /** A server of vLLM, a Python that may use it, or something else. */
  kind: "server" | "python" | "other";
  /** Where a server listens. */
  host?: string;
  port?: number;
  model?: string;
}

const SERVER_MODULES = ["vllm.entrypoints.openai.api_server", "vllm.entrypoints.cli.main"];

/** Reads `vllm serve …`, `python -m vllm.entrypoints.openai.api_server …` and the like. */
export function readVllmCommand(argv: readonly string[]): VllmCommand {
  const words = unwrapped(argv);
  const serve = words.findIndex((word, place) =>
    word === "serve" && /^vllm(\.entrypoints\.cli\.main)?$/.test(baseName(words[place - 1] ?? ""))
  );
  const module = words.findIndex((word, place) =>
    words[place - 1] === "-m" && SERVER_MODULES.includes(word)
  );
  if (serve < 0 && (module < 0 || words[module] === SERVER_MODULES[1])) {
    return { kind: isPython(words[0] ?? "") ? "python" : "other" };
  }
  const rest = words.slice((serve >= 0 ? serve : module) + 1);
  const model = option(rest, "--model") ??
    (serve >= 0 && !rest[0]?.startsWith("-") ? rest[0] : undefined);
  return {
    kind: "server",
    host: option(rest, "--host") ?? "127.0.0.1",
    port: Number(option(rest, "--port") ?? 8000),
    ...(model === undefined ? {} : { model }),
  };
}

function option(words: readonly string[], name: string): string | undefined {
  for (const [place, word] of words.entries()) {
    if (word === name) return words[place + 1];
    if (word.startsWith(`${name}=`)) return word.slice(name.length + 1);
  }
  return undefined;
}
