/** The real CPU vLLM for tests: one private engine, made on first use, shared by all. */

import { systemContext } from "../../kit/engine/system/context.ts";
import { findFreePort } from "../../kit/engine/system/free_port.ts";
import { ensurePrivateEngine, type PrivateEngine } from "../../kit/engine/private/install.ts";
import { ensureTinyModel } from "../../kit/engine/private/models.ts";
import { serveTinyModel } from "../../kit/engine/private/serve_command.ts";

let made: Promise<PrivateEngine & { model: string }> | undefined;

/** The engine with the dense tiny model. */
export function engine(): Promise<PrivateEngine & { model: string }> {
  return made ??= (async () => {
    const { context, close } = systemContext({ quiet: false, verbose: false, color: false });
    const found = await ensurePrivateEngine(context);
    const model = await ensureTinyModel(context, found.python, found.models, "tiny-dense");
    await close();
    return { ...found, model };
  })();
}

/** A command that serves the tiny model on a free port; `more` is added to it. */
export async function serveCommand(
  ...more: string[]
): Promise<{ argv: string[]; env: Record<string, string>; baseUrl: string }> {
  const { vllm, model } = await engine();
  const port = findFreePort();
  const command = serveTinyModel([vllm], model, port);
  return {
    argv: [...command.argv, ...more],
    env: command.env,
    baseUrl: `http://127.0.0.1:${port}`,
  };
}

/** An offline script: a few greedy answers as JSON behind the word ANSWERS. */
export const OFFLINE = `
import json, sys
if __name__ == "__main__":
    from vllm import LLM, SamplingParams
    llm = LLM(model=sys.argv[1], load_format="dummy", max_model_len=512, enforce_eager=True,
              dtype="bfloat16", max_num_seqs=4, seed=7, num_gpu_blocks_override=16)
    prompts = [{"prompt_token_ids": list(range(3 + n, 40 + 5 * n))} for n in range(6)]
    answers = llm.generate(prompts, SamplingParams(max_tokens=12, temperature=0, ignore_eos=True))
    print("ANSWERS", json.dumps([list(answer.outputs[0].token_ids) for answer in answers]))
`;

/** The environment of an offline run. */
export const OFFLINE_ENV = { VLLM_CPU_KVCACHE_SPACE: "1", HF_HUB_OFFLINE: "1", DO_NOT_TRACK: "1" };

/** Waits until the server answers. */
export async function healthy(baseUrl: string, child: { ended: boolean }): Promise<void> {
  const deadline = Date.now() + 600_000;
  for (;;) {
    try {
      const response = await fetch(`${baseUrl}/health`, { signal: AbortSignal.timeout(10_000) });
      await response.body?.cancel();
      if (response.ok) return;
    } catch {
      // Not yet.
    }
    if (child.ended) throw new Error("The command ended before its server was ready");
    if (Date.now() > deadline) throw new Error("The server was not ready after 600 s");
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** A completion; gives its document, or nothing when the server has gone. */
export async function complete(
  baseUrl: string,
  body: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<{ id: string; usage: Record<string, never>; choices: { text: string }[] } | undefined> {
  try {
    const response = await fetch(`${baseUrl}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "tiny", ...body }),
      signal: signal ?? AbortSignal.timeout(600_000),
    });
    return response.ok ? await response.json() : (await response.body?.cancel(), undefined);
  } catch {
    return undefined;
  }
}

/** A vscope that was started, and whether it has ended. */
export function watched(child: Deno.ChildProcess): { ended: boolean } {
  const state = { ended: false };
  child.status.then(() => state.ended = true);
  return state;
}

/** The processes of a session by role, as their folders name them. */
export async function sessionProcesses(dir: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for await (const { name } of Deno.readDir(`${dir}/processes`)) {
    const [role = "", pid] = name.split("-");
    found[role] = Number(pid);
  }
  return found;
}
