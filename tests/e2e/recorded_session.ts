/** A session of the tiny model on the real CPU vLLM, under a load that is the same each time. */

import assert from "node:assert/strict";
import { vscope } from "../cli.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";

/** Rounds of eight requests; the next round begins when all of one are answered. */
const SCRIPT = `
import json, sys
if __name__ == "__main__":
    from vllm import LLM, SamplingParams
    model, rounds, more = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    engine = dict(max_num_seqs=8, dtype="float32") | more
    llm = LLM(model=model, load_format="dummy", max_model_len=512, enforce_eager=True, seed=7,
              enable_prefix_caching=False, num_gpu_blocks_override=80, **engine)
    prompts = [{"prompt_token_ids": list(range(3 + n, 60 + n))} for n in range(8)]
    ask = lambda tokens: llm.generate(
        prompts, SamplingParams(max_tokens=tokens, temperature=0, ignore_eos=True), use_tqdm=False)
    ask(2)
    for _ in range(rounds):
        ask(48)
`;

/** Records a session to a folder; `engineArguments` are added to vLLM's own. */
export async function recordSession(
  dir: string,
  rounds: number,
  engineArguments: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const { python, model } = await engine();
  const script = `${dir.slice(0, dir.lastIndexOf("/"))}/session.py`;
  await Deno.writeTextFile(script, SCRIPT);
  const command = [python, script, model, String(rounds), JSON.stringify(engineArguments)];
  // One thread computes: two would fight with the engine and all else for the cores.
  const core = Deno.env.get("VLLM_CPU_OMP_THREADS_BIND") ?? "0";
  const env = { ...OFFLINE_ENV, VLLM_CPU_OMP_THREADS_BIND: core };
  const { code, stderr } = await vscope(
    ["monitor", "--quiet", "--out", dir, "--", ...command],
    { env },
  );
  assert.equal(code, 0, stderr);
}
