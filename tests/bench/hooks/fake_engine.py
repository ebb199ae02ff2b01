"""Classes with the shape of vLLM's that the hooks watch: an engine in one process whose model is nothing.

They stand in sys.modules under vLLM's names. CUDA's driver is a library function that takes as many
arguments and does nothing. What a call takes besides the method itself is measured at the call (outside.py).
"""

import collections
import ctypes
import dataclasses
import enum
import sys
import types

from outside import OUTSIDE, inside

BLOCK_SIZE = 16


class Request:
    def __init__(self, name, prompt):
        self.request_id = name
        self.num_prompt_tokens = self.num_computed_tokens = prompt
        self.num_in_flight_tokens = 0
        self._output_token_ids = [0]
        self.status = types.SimpleNamespace(name="RUNNING")

    @property
    def num_output_tokens(self):
        return len(self._output_token_ids)


@dataclasses.dataclass
class CachedRequestData:
    req_ids: list
    resumed_req_ids: set
    num_computed_tokens: list
    num_output_tokens: list


@dataclasses.dataclass
class SchedulerOutput:
    scheduled_new_reqs: list
    scheduled_cached_reqs: CachedRequestData
    num_scheduled_tokens: dict
    total_num_scheduled_tokens: int
    scheduled_spec_decode_tokens: dict


class Block:
    def __init__(self, number):
        self.block_id = number
        # Any but None: it is cached.
        self.block_hash = number


class BlockPool:
    """All blocks hold a cached prefix, as they do after a minute at work: each new one evicts one."""

    def __init__(self):
        self.num_gpu_blocks = 1_000
        self.blocks = collections.deque(Block(n) for n in range(self.num_gpu_blocks))
        self.null_block = Block(0)
        self.metrics_collector = None

    def get_num_free_blocks(self):
        return len(self.blocks)

    def take(self, count):
        for _ in range(count):
            block = self.blocks.popleft()
            if self.metrics_collector:
                self.metrics_collector.on_block_evicted(block)
                self.metrics_collector.on_block_allocated(block)
            self.blocks.append(block)


class Scheduler:
    def __init__(self, alive):
        self.max_num_running_reqs, self.max_num_scheduled_tokens = alive, 8192
        self.kv_cache_manager = types.SimpleNamespace(block_pool=BlockPool())
        self.running = [Request("r%d" % n, 100 + n) for n in range(alive)]
        self.requests = {request.request_id: request for request in self.running}
        self.waiting = self.skipped_waiting = ()

    @inside
    def schedule(self, throttle_prefills=False):
        tokens = {request.request_id: 1 for request in self.running}
        full = [request for request in self.running if request.num_computed_tokens % BLOCK_SIZE == 0]
        OUTSIDE.call(self.kv_cache_manager.block_pool.take, len(full))
        cached = CachedRequestData(
            list(tokens),
            set(),
            [request.num_computed_tokens for request in self.running],
            [request.num_output_tokens for request in self.running],
        )
        for name, count in tokens.items():
            request = self.requests[name]
            request.num_computed_tokens += count
            request.num_in_flight_tokens += count
        return SchedulerOutput([], cached, tokens, len(tokens), {})

    @inside
    def update_from_output(self, scheduler_output, model_runner_output):
        for name in scheduler_output.num_scheduled_tokens:
            self.requests[name].num_in_flight_tokens -= 1
        return model_runner_output

    def get_request_counts(self):
        return len(self.running), len(self.waiting) + len(self.skipped_waiting)

    def add_request(self, request):
        pass

    def _preempt_request(self, request, timestamp):
        pass

    def _free_request(self, request):
        pass


class CUDAGraphMode(enum.Enum):
    NONE = 0
    PIECEWISE = 1
    FULL = 2


@dataclasses.dataclass(frozen=True)
class BatchExecutionDescriptor:
    cg_mode: object
    num_tokens: int
    num_reqs: int
    uniform_token_count: int = None
    num_active_loras: int = 0


class CudaGraphManager:
    def capture(self, create_forward_fn):
        pass

    def run_fullgraph(self, desc):
        return desc in self.graphs


class ModelCudaGraphManager(CudaGraphManager):
    def __init__(self, alive):
        self.graphs = {BatchExecutionDescriptor(CUDAGraphMode.FULL, alive, alive, 1): None}

    @inside
    def run_fullgraph(self, desc):
        return super().run_fullgraph(desc)


class GPUModelRunner:
    def __init__(self, alive):
        self.parallel_config = types.SimpleNamespace(rank=0)
        self.graphs = ModelCudaGraphManager(alive)
        (self.descriptor,) = self.graphs.graphs

    @inside
    def execute_model(self, scheduler_output, intermediate_tensors=None, dummy_run=False):
        OUTSIDE.call(self.prepare_inputs, scheduler_output, self.descriptor)
        OUTSIDE.call(self.graphs.run_fullgraph, self.descriptor)

    @inside
    def prepare_inputs(self, scheduler_output, batch_desc):
        pass

    @inside
    def sample_tokens(self, grammar_output):
        return [0]

    def _dummy_run(self, num_tokens):
        pass


class OutputProcessor:
    @inside
    def process_outputs(self, engine_core_outputs, engine_core_timestamp=None, iteration_stats=None):
        return engine_core_outputs

    def _update_stats_from_finished(self, req_state, finish_reason, iteration_stats):
        pass

    def abort_requests(self, request_ids, internal):
        pass


class Driver:
    """CUDA's driver, as far as events go: each has completed as soon as it is recorded."""

    def __init__(self):
        nothing = ctypes.PyDLL(None)
        # Of an event, or of a time that is 0, as text: it reads one byte and answers 0.
        self.cuEventRecord = self.cuEventQuery = self.cuEventElapsedTime = nothing.atoi
        self._event = ctypes.create_string_buffer(1)

    def cuEventCreate(self, event, flags):
        event._obj.value = ctypes.addressof(self._event)
        return 0

    def cuCtxGetCurrent(self, context):
        context._obj.value = 1
        return 0


def torch():
    """torch with CUDA in use, and as many calls in between as the real one makes."""
    library = ctypes.PyDLL(None)
    cuda = types.SimpleNamespace(
        is_initialized=lambda: not _in_bad_fork(),
        is_current_stream_capturing=lambda: bool(library.labs(0)),
        current_device=lambda: 0,
        get_device_properties=lambda device: types.SimpleNamespace(name="none", total_memory=0),
    )
    fake = types.ModuleType("torch")
    fake.cuda = cuda
    fake.version = types.SimpleNamespace(cuda="13.0")
    fake.compiler = types.SimpleNamespace(is_dynamo_compiling=lambda: False)
    fake._C = types.SimpleNamespace(
        _cuda_getCurrentRawStream=lambda device: 0,
        _cuda_isCurrentStreamCapturing=cuda.is_current_stream_capturing,
    )
    return fake


def _in_bad_fork():
    return False


MODULES = {
    "vllm.v1.core.sched.scheduler": (Scheduler,),
    "vllm.v1.worker.gpu.model_runner": (GPUModelRunner,),
    "vllm.v1.worker.gpu.cudagraph_utils": (CudaGraphManager, ModelCudaGraphManager),
    "vllm.v1.engine.output_processor": (OutputProcessor,),
}


def install():
    """Puts the classes where vLLM has them."""
    sys.modules["torch"] = torch()
    for path, classes in MODULES.items():
        names = path.split(".")
        for depth in range(1, len(names) + 1):
            name = ".".join(names[:depth])
            sys.modules.setdefault(name, types.ModuleType(name))
        for cls in classes:
            setattr(sys.modules[path], cls.__name__, cls)


class Engine:
    """LLM.step(): scheduler, worker and output processing on one thread."""

    def __init__(self, alive):
        self.scheduler = Scheduler(alive)
        self.runner = GPUModelRunner(alive)
        self.outputs = OutputProcessor()

    def step(self):
        call = OUTSIDE.call
        output = call(self.scheduler.schedule, False)
        if call(self.runner.execute_model, output) is None:
            made = call(self.runner.sample_tokens, None)
        call(self.scheduler.update_from_output, output, made)
        call(self.outputs.process_outputs, made, engine_core_timestamp=0.0, iteration_stats=None)
