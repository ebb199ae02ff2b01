"""One request through classes of the shape of vLLM's: every profiler has something to see of it.

It is computed, preempted and computed again; each pass has experts, an encoder and a graph.
"""

import sys
import types
from types import SimpleNamespace as Some


def module(name, **parts):
    sys.modules[name] = made = types.ModuleType(name)
    made.__dict__.update(parts)
    return made


class Pool:
    num_gpu_blocks = 9
    null_block = Some(block_id=0, block_hash=None)
    metrics_collector = None

    def get_num_free_blocks(self):
        return 4


class Scheduler:
    max_num_running_reqs, max_num_scheduled_tokens, waiting = 4, 64, ()

    def __init__(self):
        self.kv_cache_manager = Some(block_pool=Pool())
        self.requests, self.running = {}, []

    def add_request(self, request):
        self.requests[request.request_id] = request
        self.running.append(request)

    def schedule(self):
        (request,) = self.running
        again = request.num_preemptions > 0
        request.num_computed_tokens = request.num_prompt_tokens
        entry = Some(req_id=request.request_id, num_computed_tokens=0)
        names = [request.request_id] if again else []
        return Some(
            num_scheduled_tokens={request.request_id: request.num_prompt_tokens},
            total_num_scheduled_tokens=request.num_prompt_tokens,
            scheduled_new_reqs=[] if again else [entry],
            scheduled_cached_reqs=Some(
                req_ids=names, resumed_req_ids=set(names), num_output_tokens=[1] * len(names)
            ),
            scheduled_spec_decode_tokens={},
        )

    def _preempt_request(self, request, timestamp):
        request.num_preemptions += 1
        request.num_computed_tokens = 0

    def update_from_output(self, scheduler_output, model_runner_output):
        for request in self.running:
            request.num_output_tokens += 1

    def _free_request(self, request):
        del self.requests[request.request_id]
        self.running.remove(request)


class CUDAGraph:
    def capture_begin(self):
        pass

    def capture_end(self):
        pass


class Full:
    name = "FULL"


class CUDAGraphWrapper:
    runtime_mode = Full()

    def __init__(self):
        self.concrete_cudagraph_entries = {}

    def __call__(self):
        shape = sys.modules["vllm.forward_context"]._forward_context.batch_descriptor
        if shape not in self.concrete_cudagraph_entries:
            graph = CUDAGraph()
            graph.capture_begin()
            graph.capture_end()
            self.concrete_cudagraph_entries[shape] = Some(cudagraph=graph)


class BaseRouter:
    def select_experts(self, hidden_states, router_logits):
        return "weights", Some(shape=(8, 2), is_cuda=False)


class GPUModelRunner:
    parallel_config = Some(rank=0)

    def __init__(self):
        self.graph, self.router = CUDAGraphWrapper(), BaseRouter()

    def execute_model(self, scheduler_output, intermediate_tensors=None):
        self._prepare_inputs()
        self._execute_mm_encoder(scheduler_output)
        self.router.select_experts(None, None)
        self.graph()

    def sample_tokens(self, grammar_output):
        pass

    def _prepare_inputs(self):
        pass

    def _dummy_run(self):
        pass

    def _execute_mm_encoder(self, scheduler_output):
        return ["an image"]


class OutputProcessor:
    def process_outputs(self, engine_core_outputs):
        pass

    def _update_stats_from_finished(self, req_state, finish_reason):
        pass

    def abort_requests(self, request_ids):
        pass


class EngineCore:
    def shutdown(self):
        pass


class Shape(tuple):
    num_tokens, num_reqs, uniform, has_lora, num_active_loras = 8, 1, True, False, 0


def main():
    module("vllm.v1.core.sched.scheduler", Scheduler=Scheduler)
    module("vllm.v1.worker.gpu_model_runner", GPUModelRunner=GPUModelRunner)
    module("vllm.v1.engine.output_processor", OutputProcessor=OutputProcessor)
    module("vllm.v1.engine.core", EngineCore=EngineCore)
    module("torch.cuda.graphs", CUDAGraph=CUDAGraph)
    module("vllm.compilation.cuda_graph", CUDAGraphWrapper=CUDAGraphWrapper)
    module("vllm.model_executor.layers.fused_moe.router.base_router", BaseRouter=BaseRouter)
    context = Some(cudagraph_runtime_mode=CUDAGraphWrapper.runtime_mode, batch_descriptor=Shape())
    module("vllm.forward_context", _forward_context=context)

    from vscope_hooks.activation import activate
    from vscope_hooks.profilers import moe_expert

    def count(experts, router, ids):
        # The counters themselves are torch's: one choice is all that is heard of.
        experts.files.imbalance.add((1.0, 0, 0, 1, 8, 1.0, 0.0, 1, 1, 8))
        experts.refused = True

    moe_expert.Experts.open = count
    activate(forced=False)

    scheduler, runner, outputs = Scheduler(), GPUModelRunner(), OutputProcessor()
    request = Some(
        request_id="r",
        num_prompt_tokens=8,
        num_computed_tokens=0,
        num_output_tokens=0,
        num_preemptions=0,
        status=Some(name="FINISHED_LENGTH_CAPPED"),
    )
    scheduler.add_request(request)
    for turn in range(2):
        batch = scheduler.schedule()
        runner.execute_model(batch)
        runner.sample_tokens(None)
        scheduler.update_from_output(batch, None)
        outputs.process_outputs([batch])
        if turn == 0:
            scheduler._preempt_request(request, 0.0)
    collector = scheduler.kv_cache_manager.block_pool.metrics_collector
    if collector is not None:
        collector.on_block_allocated(Some(block_id=3))
        collector.on_block_evicted(Some(block_id=3, block_hash=b"prefix"))
    scheduler._free_request(request)
    state = Some(request_id="r", stats=None, detokenizer=None, prompt_len=8)
    outputs._update_stats_from_finished(state, "length")
    EngineCore().shutdown()


main()
