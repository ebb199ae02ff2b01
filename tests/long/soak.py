"""A million steps of the hooks against a stand-in of vLLM's scheduler and runner; prints memory and rows.

The classes have the shape of vLLM's and do nothing else, so that what grows is ours.
"""

import json
import os
import sys
import types

STEPS = int(sys.argv[1])


def module(name, **parts):
    made = types.ModuleType(name)
    made.__dict__.update(parts)
    sys.modules[name] = made


class Status:
    name = "FINISHED_LENGTH_CAPPED"


class Request:
    status = Status()
    num_preemptions = 0

    def __init__(self, name):
        self.request_id = name
        self.num_prompt_tokens = 8
        self.num_computed_tokens = 0
        self.num_output_tokens = 0


class Pool:
    num_gpu_blocks = 100
    metrics_collector = None

    def get_num_free_blocks(self):
        return 40


class Scheduler:
    max_num_running_reqs = 4
    max_num_scheduled_tokens = 64

    def __init__(self):
        self.kv_cache_manager = types.SimpleNamespace(block_pool=Pool())
        self.requests = {}
        self.running = []
        self.waiting = []
        self.number = 0

    def add_request(self, request):
        self.requests[request.request_id] = request
        self.running.append(request)

    def schedule(self):
        new = []
        while len(self.running) < 4:
            self.number += 1
            request = Request("request-%d" % self.number)
            self.add_request(request)
            new.append(types.SimpleNamespace(req_id=request.request_id, num_computed_tokens=0))
        names = {entry.req_id for entry in new}
        tokens = {r.request_id: 8 if r.request_id in names else 1 for r in self.running}
        for request in self.running:
            request.num_computed_tokens += tokens[request.request_id]
        cached = [r for r in self.running if r.request_id not in names]
        return types.SimpleNamespace(
            num_scheduled_tokens=tokens,
            total_num_scheduled_tokens=sum(tokens.values()),
            scheduled_new_reqs=new,
            scheduled_cached_reqs=types.SimpleNamespace(
                req_ids=[r.request_id for r in cached],
                resumed_req_ids=(),
                num_output_tokens=[r.num_output_tokens for r in cached],
            ),
            scheduled_spec_decode_tokens={},
        )

    def update_from_output(self, scheduler_output, model_runner_output):
        for request in list(self.running):
            request.num_output_tokens += 1
            if request.num_output_tokens == 20:
                self.running.remove(request)
                self._free_request(request)

    def _free_request(self, request):
        del self.requests[request.request_id]

    def _preempt_request(self, request, timestamp):
        pass


class GPUModelRunner:
    parallel_config = types.SimpleNamespace(rank=0)

    def execute_model(self, scheduler_output, intermediate_tensors=None):
        return None

    def sample_tokens(self, grammar_output):
        return None

    def _prepare_inputs(self):
        pass

    def _dummy_run(self):
        pass

    def _execute_mm_encoder(self, scheduler_output):
        return []


def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as handle:
        return int(handle.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def rows_of(table):
    """Rows in the table's file; no cell of these has a line end."""
    path = os.path.join(table.file.folder, table.name + ".csv")
    if not os.path.exists(path):
        return 0
    with open(path, "rb") as handle:
        return sum(1 for _ in handle) - 1


def main():
    for name in ("vllm", "vllm.v1", "vllm.v1.core", "vllm.v1.core.sched", "vllm.v1.worker"):
        module(name, __path__=[])
    module("vllm.v1.core.sched.scheduler", Scheduler=Scheduler)
    module("vllm.v1.worker.gpu_model_runner", GPUModelRunner=GPUModelRunner)
    from vscope_hooks import activation

    activation.activate(forced=False)
    scheduler, runner = Scheduler(), GPUModelRunner()
    seen = []
    for step in range(STEPS):
        output = scheduler.schedule()
        runner.execute_model(output)
        runner.sample_tokens(None)
        scheduler.update_from_output(output, None)
        if step in (STEPS // 2, STEPS - 1):
            seen.append(resident_bytes())
    recorder = activation._recorder
    recorder.finish()
    print(
        json.dumps(
            {
                "resident_bytes": seen,
                "rows": {name: rows_of(table) for name, table in recorder.tables.items()},
                "dropped": {name: table.dropped for name, table in recorder.tables.items()},
                "failed": [hook for hook in recorder.hooks.values() if hook["status"] == "failed"],
                "steps": recorder.steps.number,
            }
        )
    )


main()
