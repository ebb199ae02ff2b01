"""CUDA graphs: which were captured, how long that took, and how often each is replayed.

A graph is named by its descriptor, the batch shape that it was captured for. With piecewise graphs
one descriptor has a graph per piece of the model: `graphs` counts them, and a replay of all of them
counts once. Rows are cumulative: the last one of a descriptor holds its totals.
"""

import sys
from time import perf_counter

from ..passes import passes_of
from ..sites import Watcher, argument

NAME = "cuda_graph"
TOGGLE = "ENABLE_CUDA_GRAPH_TRACKING"

COLUMNS = (
    "timestamp_sec",
    "rank",
    "runtime_mode",
    "num_tokens",
    "num_reqs",
    "uniform",
    "has_lora",
    "num_active_loras",
    "graphs",
    "capture_time_sec",
    "capture_duration_sec",
    "replay_count",
    "pass_count",
    "warmup_count",
)


class Graph:
    """A descriptor's account."""

    def __init__(self, name):
        # Runtime mode and tokens, as a pass is told of it.
        self.name = name
        # Begin and duration of each capture, by the object that holds the graph.
        self.captures = {}
        self.replays = 0
        self.passes = 0
        # Replays that no request asked for: vLLM's warm-up, dummy batches.
        self.warmups = 0
        self.written = None


def describe(mode, descriptor):
    """(mode, num_tokens, num_reqs, uniform, has_lora, num_active_loras) of either runner's kind."""
    loras = getattr(descriptor, "num_active_loras", 0) or 0
    uniform = getattr(descriptor, "uniform", None)
    if uniform is None:
        uniform = getattr(descriptor, "uniform_token_count", None) is not None
    return (
        getattr(mode, "name", str(mode)),
        descriptor.num_tokens,
        descriptor.num_reqs,
        bool(uniform),
        bool(getattr(descriptor, "has_lora", loras > 0)),
        loras,
    )


def describe_full(descriptor):
    """The same of a full graph of the V2 runner, which in vLLM 0.17 is known by its tokens alone."""
    if isinstance(descriptor, int):
        return ("FULL", descriptor, None, None, None, None)
    return describe(descriptor.cg_mode, descriptor)


def watchers(recorder):
    passes = passes_of(recorder)
    table = recorder.table("cuda_graphs", COLUMNS)
    graphs = {}
    # Duration of the captures that ended last, by id of their CUDAGraph.
    begun = {}
    times = {}
    # Keys of descriptors that were seen: making one anew takes longer than finding it. vLLM replays one
    # and the same descriptor step by step: even finding it takes longer than knowing it.
    full_keys = {}
    newest = newest_graph = None
    # Of several pieces with one descriptor, the first that was captured speaks for all.
    speakers = {}

    def graph_of(key):
        found = graphs.get(key)
        if found is None:
            found = graphs[key] = Graph(key[:2])
        return found

    def replayed(graph):
        if not passes.real:
            graph.warmups += 1
            return
        graph.replays += 1
        if passes.graph is None:
            passes.graph = graph.name
            graph.passes += 1

    def captured(key, holder, cuda_graph):
        start, seconds = times.pop(id(cuda_graph), (perf_counter(), None))
        graph_of(key).captures[id(holder)] = (recorder.seconds(start), seconds)

    def before_capture(args, kwargs):
        begun[id(args[0])] = perf_counter()

    def after_capture(args, kwargs, result, start, end):
        began = begun.pop(id(args[0]), start)
        if len(times) > 4096:
            times.clear()
        times[id(args[0])] = (began, end - began)

    def state_of(wrapper):
        """What a call of the wrapper will do: (descriptor, its entry), or None where no graph runs."""
        context = sys.modules["vllm.forward_context"]._forward_context
        if context is None or context.cudagraph_runtime_mode is not wrapper.runtime_mode:
            return None
        descriptor = context.batch_descriptor
        return descriptor, wrapper.concrete_cudagraph_entries.get(descriptor)

    calls = []

    def is_silent_piece(args):
        return bool(args) and passes.speaker not in (None, id(args[0]))

    def before_wrapper(args, kwargs):
        wrapper = args[0]
        state = state_of(wrapper)
        # Wrappers nest: a full one calls piecewise ones that pass the call on.
        calls.append(state and (state[0], getattr(state[1], "cudagraph", None)))
        if len(calls) > 64:
            # Calls that raised never came to their end.
            calls.clear()

    def after_wrapper(args, kwargs, result, start, end):
        before = calls.pop() if calls else None
        if before is None:
            return
        wrapper = args[0]
        descriptor, ready = before
        if ready is None:
            key = describe(wrapper.runtime_mode, descriptor)
            captured(key, wrapper, wrapper.concrete_cudagraph_entries[descriptor].cudagraph)
            speakers.setdefault(wrapper.runtime_mode, id(wrapper))
        elif speakers.get(wrapper.runtime_mode) == id(wrapper):
            replayed(graph_of(describe(wrapper.runtime_mode, descriptor)))
            if passes.real:
                # Graphs are captured in dummy passes: the other pieces of this one have theirs.
                passes.speaker = id(wrapper)

    def after_manager(args, kwargs, result, start, end):
        manager = args[0]
        for descriptor, cuda_graph in manager.graphs.items():
            captured(describe_full(descriptor), manager, cuda_graph)

    def full_graph(descriptor):
        key = full_keys.get(descriptor)
        if key is None:
            key = full_keys[descriptor] = describe_full(descriptor)
        return graph_of(key)

    def after_full(args, kwargs, result, start, end):
        nonlocal newest, newest_graph
        descriptor = args[1] if len(args) > 1 else kwargs["desc"]
        if descriptor is not newest:
            newest, newest_graph = descriptor, full_graph(descriptor)
        replayed(newest_graph)

    def after_full_by_tokens(args, kwargs, result, start, end):
        replayed(full_graph(argument(args, kwargs, 1, "num_tokens")))

    def write():
        for key, graph in list(graphs.items()):
            state = (len(graph.captures), graph.replays, graph.warmups)
            if state == graph.written:
                continue
            graph.written = state
            captures = list(graph.captures.values())
            seconds = [duration for _, duration in captures if duration is not None]
            table.add(
                (recorder.seconds(), recorder.rank)
                + key
                + (
                    len(captures) or None,
                    min((at for at, _ in captures), default=None),
                    sum(seconds) if seconds else None,
                    graph.replays,
                    graph.passes,
                    graph.warmups,
                )
            )

    recorder.ticks.append(write)

    wrapper = "vllm.compilation.cuda_graph"
    manager = "vllm.v1.worker.gpu.cudagraph_utils"
    return [
        Watcher(NAME, "torch.cuda.graphs", "CUDAGraph.capture_begin", before=before_capture),
        Watcher(NAME, "torch.cuda.graphs", "CUDAGraph.capture_end", after=after_capture),
        Watcher(
            NAME,
            wrapper,
            "CUDAGraphWrapper.__call__",
            before=before_wrapper,
            after=after_wrapper,
            attached=lambda: setattr(passes, "graphs_watched", True),
            skip=is_silent_piece,
        ),
        Watcher(NAME, manager, "CudaGraphManager.capture", after=after_manager),
        Watcher(
            NAME, manager, "ModelCudaGraphManager.run_fullgraph", after=after_full, needs=("desc",)
        ),
        # In vLLM 0.17 the model's manager is the base class itself.
        Watcher(
            NAME,
            manager,
            "CudaGraphManager.run_fullgraph",
            after=after_full_by_tokens,
            needs=("num_tokens",),
        ),
    ]
