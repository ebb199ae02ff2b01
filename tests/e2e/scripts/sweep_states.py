"""Usage: sweep_states.py v1|v2. What a model runner's own code on the host makes of a sweep's messages.

No model and no engine: the methods of the real runner that take requests in, go on with them and end them
work on real states. Of the V2 runner, buffers that live on a GPU are tensors of the host here, and the
kernel that counts what a pass has computed is its sum. Every other sequence of shots is not sampled.

Prints FOUND and a JSON document.
"""

import inspect
import json
import sys
import types
from unittest import mock

import torch
from sweep_batches import shots
from vscope_sweep.batch import BatchMaker, Refused
from vscope_sweep.runners import V1, V2

SIZE, BLOCKS, REQUESTS, TOKENS, LENGTH = 32, 129, 16, 512, 4096
SEEDS = 10


def make(kind, **values):
    """Makes an object with those of the arguments that this vLLM knows."""
    known = inspect.signature(kind.__init__).parameters
    return kind(**{name: value for name, value in values.items() if name in known})


class First:
    """The V1 runner."""

    def __init__(self):
        from vllm.v1.worker import gpu_model_runner as module
        from vllm.v1.worker.gpu_input_batch import InputBatch

        self.step = module.GPUModelRunner._update_states
        self.runner = runner = mock.MagicMock()
        for name in ("use_async_scheduling", "is_pooling_model", "uses_mrope", "use_async_spec_decode"):
            setattr(runner, name, False)
        runner.speculative_config, runner.uses_xdrope_dim = None, 0
        runner.requests, runner.num_prompt_logprobs = {}, {}
        runner.device = torch.device("cpu")
        runner.input_batch = make(
            InputBatch,
            max_num_reqs=REQUESTS,
            max_model_len=LENGTH,
            max_num_batched_tokens=TOKENS,
            device=runner.device,
            pin_memory=False,
            vocab_size=560,
            block_sizes=[SIZE],
            kernel_block_sizes=[SIZE],
            max_num_blocks_per_req=[BLOCKS],
        )
        last = types.SimpleNamespace(is_last_rank=True)
        mock.patch.object(module, "get_pp_group", lambda: last).start()
        self.passes = V1(runner)

    def take(self, message):
        self.step(self.runner, message)

    def requests(self, message):
        """(new tokens, history, blocks) of each request, in the order of the batch."""
        batch = self.runner.input_batch
        table = batch.block_table[0]
        for row, name in enumerate(batch.req_ids):
            assert self.runner.requests[name].num_tokens == int(batch.num_tokens_no_spec[row])
            history = int(batch.num_computed_tokens_cpu[row])
            held = table.block_table.np[row, : table.num_blocks_per_row[row]].tolist()
            yield message.num_scheduled_tokens[name], history, held

    def sampled(self, message):
        batch = self.runner.input_batch
        for row, name in enumerate(batch.req_ids):
            place = int(batch.num_tokens_no_spec[row])
            batch.token_ids_cpu[row, place] = 7
            batch.num_tokens_no_spec[row] = place + 1
            self.runner.requests[name].output_token_ids.append(7)

    def known(self):
        return set(self.runner.requests)


class Shown:
    """What a GPU sees of a tensor of the host's."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __call__(self, count):
        return self.tensor[:count]

    def __getitem__(self, place):
        return self.tensor[place]


class Buffer:
    def __init__(self, size, dtype):
        self.cpu = torch.zeros(size, dtype=dtype)
        self.np, self.uva = self.cpu.numpy(), Shown(self.cpu)


class Staged:
    """A tensor whose writes come together."""

    def __init__(self, size, dtype, device, max_concurrency=None, uva_instead_of_gpu=False):
        self.gpu, self.writes = torch.zeros(size, dtype=dtype), []

    def stage_write(self, index, start, values):
        if values:
            self.writes.append((index, slice(start, start + len(values)), list(values)))

    def stage_write_elem(self, index, value):
        self.writes.append((index, None, value))

    def apply_write(self):
        for index, part, value in self.writes:
            row = self.gpu[index] if part is None else self.gpu[index, part]
            row.copy_(torch.tensor(value, dtype=self.gpu.dtype))
        self.writes = []


class Second:
    """The V2 runner."""

    def __init__(self):
        from vllm.v1.worker.gpu import block_table, buffer_utils, states

        buffer_utils.UvaBuffer = Buffer
        for module in (buffer_utils, block_table, states):
            module.StagedWriteTensor = Staged
        from vllm.v1.worker.gpu.model_runner import GPUModelRunner

        self.kind = GPUModelRunner
        self.runner = runner = mock.MagicMock()
        device = runner.device = torch.device("cpu")
        runner.encoder_cache = runner.adaptive_verification = runner.pooling_runner = None
        runner._remove_request = lambda name: GPUModelRunner._remove_request(runner, name)
        runner.req_states = self.states = make(
            states.RequestState,
            max_num_reqs=REQUESTS,
            max_model_len=LENGTH,
            max_num_batched_tokens=TOKENS,
            num_speculative_steps=0,
            vocab_size=560,
            device=device,
        )
        runner.block_tables = self.tables = make(
            block_table.BlockTables,
            block_sizes=[SIZE],
            max_num_reqs=REQUESTS,
            max_num_batched_tokens=TOKENS,
            max_num_blocks_per_group=[BLOCKS],
            device=device,
            kernel_block_sizes=[SIZE],
        )
        self.passes = V2(runner)

    def take(self, message):
        self.passes.prepare(message)
        for step in ("finish_requests", "add_requests", "update_requests"):
            getattr(self.kind, step)(self.runner, message)
        self.tables.apply_staged_writes()

    def requests(self, message):
        states = self.states
        for name, new in message.num_scheduled_tokens.items():
            row = states.req_id_to_index[name]
            history = int(states.num_computed_tokens.gpu[row])
            assert int(states.num_computed_tokens_np[row]) == history
            assert int(states.total_len.gpu[row]) == int(states.prefill_len.np[row])
            # A decode is one to the runner, and a prompt's chunk is none.
            done = int(states.num_computed_prefill_tokens[row]) >= int(states.prefill_len.np[row])
            assert done == (new == 1 and history > 0)
            count = int(self.tables.num_blocks.np[0, row])
            yield new, history, self.tables.block_tables[0].gpu[row, :count].tolist()

    def sampled(self, message):
        for name, new in message.num_scheduled_tokens.items():
            row = self.states.req_id_to_index[name]
            self.states.num_computed_tokens.gpu[row] += new
            self.states.total_len.gpu[row] += 1

    def known(self):
        return set(self.states.req_id_to_index)


def main(which):
    runner = {"v1": First, "v2": Second}[which]()
    group = types.SimpleNamespace(kv_cache_spec=types.SimpleNamespace(block_size=SIZE))
    config = types.SimpleNamespace(kv_cache_groups=[group], num_blocks=BLOCKS)
    batches = BatchMaker(config, TOKENS, REQUESTS, LENGTH, 560)
    found = {"passes": 0, "refused": 0}
    for seed, runs in ((seed, runs) for seed in range(SEEDS) for runs in shots(seed)):
        try:
            batch = batches.shot(runs)
        except Refused:
            found["refused"] += 1
            continue
        every = [(new, history) for new, history, count in runs for _ in range(count)]
        wanted = [one for one in every if one[0] == 1] + [one for one in every if one[0] > 1]
        for message in (batch.first, batch.again, batch.again):
            runner.take(message)
            asked = list(runner.requests(message))
            assert [one[:2] for one in asked] == wanted, (runs, asked)
            blocks = [number for *_, held in asked for number in held]
            assert len(blocks) == len(set(blocks)) and 0 not in blocks, runs
            assert all(len(held) * SIZE >= new + history for new, history, held in asked), runs
            assert runner.known() == batches.pool.names, runs
            if seed % 2 == 0:
                runner.sampled(message)
            found["passes"] += 1
    runner.take(batches.ending())
    print("FOUND " + json.dumps({**found, "left": len(runner.known())}), flush=True)


main(sys.argv[1])
