"""Two replicas as Ray Serve has them: actors, each with an engine of its own, on a node each. Argument: the model."""

import sys

import ray


@ray.remote(num_gpus=1)
class Replica:
    def __init__(self, model):
        from vllm import LLM

        self.llm = LLM(model=model, load_format="dummy", max_model_len=512, enforce_eager=True, dtype="bfloat16",
                       max_num_seqs=4, seed=7, num_gpu_blocks_override=16)

    def answer(self, prompts):
        from vllm import SamplingParams

        asked = [{"prompt_token_ids": list(range(3 + n, 40 + n))} for n in range(prompts)]
        params = SamplingParams(max_tokens=8, temperature=0, ignore_eos=True)
        return sum(len(found.outputs[0].token_ids) for found in self.llm.generate(asked, params))

    def end(self):
        # As Serve ends a replica. Ray would kill its engine with the last quarter of a second of rows.
        self.llm.llm_engine.engine_core.shutdown()


if __name__ == "__main__":
    ray.init()
    replicas = [Replica.remote(sys.argv[1]) for _ in range(2)]
    print("TOKENS", ray.get([replica.answer.remote(3) for replica in replicas]), flush=True)
    ray.get([replica.end.remote() for replica in replicas])
