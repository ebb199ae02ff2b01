"""Which experts the routers of a mixture-of-experts model choose, in every layer.

The choice is counted on the device (see experts/counters.py), so that it is counted in replayed CUDA
graphs too. Every VLLM_PROFILING_LOG_INTERVAL passes, and when the engine falls idle, the counts are
copied to the host; nothing waits for a copy. The ranks of one tensor-parallel group route the same
tokens: the first of them counts.
"""

import sys
import threading
import time

from ..experts.files import ExpertFiles
from ..passes import cuda_ready, passes_of, runner_watchers
from ..session import whole
from ..sites import Watcher

NAME = "moe_expert"
TOGGLE = "ENABLE_MOE_EXPERT_TRACKING"

MODULE = "vllm.model_executor.layers.fused_moe."
RUNNER = MODULE + "runner.moe_runner"
# Up to vLLM 0.19.
OLD_RUNNER = MODULE + "runner.default_moe_runner"
ROUTER = MODULE + "router.base_router"
# What runs a runner's layer, in 0.17 and 0.19 and from 0.21 on.
ENTRIES = (
    (OLD_RUNNER, "DefaultMoERunner.forward_impl"),
    (RUNNER, "MoERunner._apply_quant_method"),
)
# Kernels for the CPU that route inside themselves ask a function of one of these modules.
FUNCTIONS = tuple(
    MODULE + name for name in ("cpu_fused_moe", "experts.cpu_moe", "router.cpu_router")
)
# Seconds between two copies of the large counters (pairs, samples).
LARGE_EVERY_SEC = 10.0


class Experts:
    """The routers of this process and the counters of their choices."""

    def __init__(self, recorder):
        self.recorder = recorder
        self.passes = passes_of(recorder)
        self.files = ExpertFiles(recorder)
        # Layer by id of its router, in the order in which the model made them.
        self.layers = {}
        self.names = []
        # Of passes; a model without experts wakes none of them.
        self.watchers = []
        self.counters = None
        self.refused = False
        self.tokens = 0
        self.reservoir = None
        self._rows = 0
        # Tokens of the pass under way; before the counters are made they cannot be prepared.
        self._under_way = 0
        self._staging = None
        self._turn = 0
        self._copies = []
        # Copies are begun and taken in order: by one thread at a time.
        self._copying = threading.Lock()
        self._large_at = 0.0
        self._copied_passes = 0
        # Passes at the last look of the writer thread.
        self._seen_passes = 0
        self._stream = None

    def add_layer(self, router, name):
        if id(router) not in self.layers:
            self.layers[id(router)] = len(self.names)
            self.names.append(name)
            for watcher in self.watchers:
                watcher.wake()

    def join(self):
        """Takes up a pass that had begun before the first layer was known."""
        passes = self.passes
        self.prepare(passes.step.tokens if passes.real else 0)

    def refuse(self, reason):
        """Takes the profiler out of service for a reason that is in the nature of the run."""
        self.refused = True
        self.recorder.hook(NAME, "counters", "absent", reason)

    def open(self, router, ids):
        """Makes the counters; the first forward pass of vLLM's own warm-up comes here."""
        import torch

        from ..experts.counters import Counters
        from ..experts.sample import Reservoir

        if _tensor_parallel_rank() != 0:
            self.refuse("rank 0 of the tensor-parallel group routes the same tokens and counts them")
            return
        if ids.is_cuda and cuda_ready() is None:
            return
        eplb = getattr(router, "eplb_state", None)
        logical = _logical_experts(eplb)
        experts = logical or int(router.global_num_experts)
        physical = int(router.global_num_experts) if logical else 0
        samples = whole("VSCOPE_EXPERT_SAMPLE_TOKENS", 64, 1)
        with torch.inference_mode(False):
            self.counters = Counters(
                ids.device, len(self.names), experts, int(ids.shape[1]), physical, samples
            )
        self.reservoir = Reservoir(samples)
        self._staging = torch.zeros(
            (64, 1 + 2 * samples), dtype=torch.int32, pin_memory=ids.is_cuda
        )
        self.prepare(self._under_way)
        self.recorder.hook(
            NAME,
            "counters",
            "attached",
            "%d layers, %d experts, top-%d, on %s%s"
            % (
                len(self.names),
                experts,
                int(ids.shape[1]),
                ids.device.type,
                " by Triton" if self.counters.kernel else "",
            ),
        )

    def prepare(self, tokens):
        """Tells the captured code how many rows of the next pass are tokens, and which to keep."""
        counters = self.counters
        self._under_way = tokens
        if counters is None:
            return
        chosen = self.reservoir.take(tokens) if tokens else {}
        self.tokens += tokens
        if tokens == self._rows and not chosen:
            return
        # Once a sample has been kept, the next pass must not keep it again.
        self._rows = -1 if chosen else tokens
        size = counters.samples
        self._turn = (self._turn + 1) % len(self._staging)
        row = self._staging[self._turn]
        row[1 + size :] = size
        row[0] = tokens
        for number, (place, index) in enumerate(chosen.items()):
            row[1 + number] = index
            row[1 + size + number] = place
        counters.control.copy_(row, non_blocking=True)

    def rest(self):
        """Captured code cannot be taken out of a graph: from now on it finds no tokens to count."""
        if self.counters is None or self.passes.count == 0:
            return
        cuda = cuda_ready()
        self._rows = -1
        if cuda is not None and self._stream is not None:
            with cuda.stream(self._stream):
                self.counters.control[:1].zero_()
        elif not self.counters.load.is_cuda:
            self.counters.control[0] = 0

    def copy(self, large=False):
        """Starts a copy of the counters behind the work of the current stream."""
        from ..experts.snapshot import Copy

        # Before the copy: a pass that begins meanwhile is in it in part, and wants another one.
        self._copied_passes = self.passes.ended
        now = self.recorder.seconds()
        large = large or now - self._large_at >= LARGE_EVERY_SEC
        parts = self.counters.parts()
        if large:
            self._large_at = now
        else:
            parts = {name: parts[name] for name in parts if name in ("load", "physical_load")}
        facts = {
            "timestamp_sec": now,
            "tokens": self.tokens,
            "passes": self.passes.count,
            "sample_tokens": list(self.reservoir.tokens) if large else None,
        }
        self._copies.append(Copy(parts, facts))

    def collect(self):
        """Takes the copies that have arrived."""
        while self._copies and self._copies[0].ready():
            self.files.take(self._copies.pop(0), self)

    def after_pass(self):
        if self.counters is None:
            if self.names and self.passes.count and not self.refused:
                self.refuse(
                    "no layer asked its router in Python: compiled code runs in its place "
                    "(on a CPU --enforce-eager prevents that)"
                )
            return
        cuda = cuda_ready()
        if cuda is not None and self._stream is None:
            self._stream = cuda.current_stream()
        # Where the writer thread is at it, there is no need, and no time to wait.
        if not self._copying.acquire(blocking=False):
            return
        try:
            if self._copies:
                self.collect()
            first = self._copied_passes == 0
            if first or self.passes.ended - self._copied_passes >= self.recorder.interval:
                if len(self._copies) < 8:
                    self.copy()
        finally:
            self._copying.release()

    def when_idle(self):
        if self.counters is None or self.passes.count == 0:
            return
        with self._copying:
            if self._copies or self.passes.ended != self._copied_passes:
                self.passes.while_idle(self._catch_up)
            # An idle engine may be killed without a word: what it has counted is written at once.
            idle, self._seen_passes = self.passes.count == self._seen_passes, self.passes.count
            self.files.save(now=idle)

    def _catch_up(self):
        if self.passes.ended != self._copied_passes and len(self._copies) < 8:
            self._copy_from_writer()
        self.collect()

    def _copy_from_writer(self):
        cuda = cuda_ready()
        if cuda is None or self._stream is None:
            if not self.counters.load.is_cuda:
                self.copy(large=True)
            return
        # On the model's own stream: behind its last kernel, and before the next.
        with cuda.stream(self._stream):
            self.copy(large=True)

    def last_words(self):
        """The last copy, which may take a tenth of a second: the process is about to end."""
        if self.counters is None or self.passes.count == 0:
            return
        until = time.perf_counter() + 0.2
        if not self._copying.acquire(timeout=0.2):
            return
        try:
            if self.counters.load.is_cuda:
                self.passes.while_idle(self._copy_from_writer)
            else:
                # A signal may have ended the last pass half-way: then it never falls idle.
                self.copy(large=True)
            while self._copies and time.perf_counter() < until:
                self.collect()
                time.sleep(0.002)
            self.files.save(now=True)
        finally:
            self._copying.release()


def watchers(recorder):
    experts = Experts(recorder)
    recorder.ticks.append(experts.when_idle)
    recorder.last_words.append(experts.last_words)
    recorder.resting.append((NAME, experts.rest))

    def after_runner(args, kwargs, result, start, end):
        runner = args[0]
        router = getattr(runner, "router", None)
        if router is not None:
            experts.add_layer(router, str(getattr(runner, "layer_name", "")))

    # The router of the layer that runs, where its kernel does not ask it; whether we heard the choice.
    passed_over, heard = [None], [False]

    def before_layer(args, kwargs):
        runner = args[0]
        method = getattr(getattr(runner, "routed_experts", runner), "quant_method", None)
        monolithic = getattr(method, "is_monolithic", False)
        passed_over[0] = getattr(runner, "router", None) if monolithic else None
        heard[0] = False

    def after_layer(args, kwargs, result, start, end):
        router, passed_over[0] = passed_over[0], None
        if router is not None and not heard[0] and not experts.refused:
            experts.refuse("the MoE kernel of this layer routes inside itself (monolithic)")

    def after_function(args, kwargs, result, start, end):
        # Without such a layer the call is the router's own, which is watched itself.
        if passed_over[0] is not None:
            heard[0] = True
            choose(passed_over[0], result)

    def after_select(args, kwargs, result, start, end):
        choose(args[0], result)

    def choose(router, result):
        if experts.refused:
            return
        weights, ids = result
        layer = experts.layers.get(id(router))
        if experts.counters is None:
            if layer is None:
                experts.add_layer(router, "")
                experts.join()
                layer = experts.layers[id(router)]
            experts.open(router, ids)
            if experts.counters is None:
                return
        counters = experts.counters
        if layer is None or layer >= counters.layers or ids.shape[1] != counters.top_k:
            recorder.hook(NAME, "layers", "failed", "a layer that was unknown at the start: %s" % layer)
            return
        if counters.physical:
            counters.count_physical(layer, ids)
            ids = _to_logical(router.eplb_state, ids)
        counters.count(layer, ids, weights)

    def before_execute(args, kwargs):
        experts.join()

    def before_dummy(args, kwargs):
        experts.prepare(0)

    def after_sample(args, kwargs, result, start, end):
        experts.after_pass()

    experts.watchers = [
        *runner_watchers(
            NAME, "execute_model", before=before_execute, needs=("scheduler_output",), asleep=True
        ),
        *runner_watchers(NAME, "_dummy_run", before=before_dummy, asleep=True),
        *runner_watchers(NAME, "sample_tokens", after=after_sample, asleep=True),
    ]
    return [
        Watcher(NAME, RUNNER, "MoERunner.__init__", after=after_runner),
        Watcher(NAME, OLD_RUNNER, "DefaultMoERunner.__init__", after=after_runner),
        *(
            Watcher(NAME, module, path, before=before_layer, after=after_layer)
            for module, path in ENTRIES
        ),
        Watcher(NAME, ROUTER, "BaseRouter.select_experts", after=after_select),
        *(Watcher(NAME, module, "select_experts", after=after_function) for module in FUNCTIONS),
        *experts.watchers,
    ]


def _tensor_parallel_rank():
    state = sys.modules.get("vllm.distributed.parallel_state")
    try:
        return state.get_tensor_model_parallel_rank()
    except Exception:
        return 0


def _logical_experts(eplb):
    counts = getattr(eplb, "logical_replica_count", None)
    return int(counts.shape[-1]) if counts is not None else 0


def _to_logical(eplb, physical_ids):
    """Logical ids of physical ones, from the balancer's own map; built on the device, not waited for."""
    import torch

    table = eplb.logical_to_physical_map
    logical, slots = table.shape[-2], table.shape[-1]
    size = int(table.numel()) + 1
    inverse = torch.full((size,), -1, dtype=torch.int64, device=table.device)
    places = torch.where(table >= 0, table, size - 1).reshape(-1).long()
    numbers = torch.arange(logical, device=table.device).repeat_interleave(slots)
    inverse.scatter_(0, places, numbers)
    return inverse[physical_ids.long()]
