"""What vLLM adds to its worker for a sweep: methods that `collective_rpc` calls.

Names begin with `vscope_`, because vLLM puts them among the worker's own. Answers are JSON texts: an
answer that vLLM cannot send leaves its caller waiting forever.
"""

import gc
import json
import os
import time
import traceback

from .batch import BatchMaker, Refused
from .between import between
from .cache import fill_cache, room_of
from .journal import Flight, Journal
from .modules import Watch, find_modules
from .routing import ForcedRouting
from .runners import runner_of
from .samples import error_of_median, is_cold
from .timers import make_timer, timer_for

# A time that stays uncertain is made of so many times the asked number of passes, and of no more.
MOST_ROUNDS = 8
# So many passes at least, where the first is timed too: the median is then none of what it did.
FEWEST_WITHOUT_WARM_UP = 3


class Extension:
    def vscope_prepare(self, request):
        """Looks at the model and makes ready; returns what vscope has to know of this worker."""
        self._vscope = Sweep(self, request)
        return json.dumps(self._vscope.facts())

    def vscope_fire(self, shots):
        """Fires shots in their order; each result is in the journal when this returns."""
        return json.dumps(self._vscope.fire(shots))


class Sweep:
    def __init__(self, worker, request):
        import torch

        self.passes = runner_of(worker)
        self.runner = self.passes.runner
        self.device = self.runner.device
        self.tp = request["tp"]
        self.sweep = request["sweep"]
        self.iterations = request["iterations"]
        self.careful = request.get("careful", False)
        self.target = request.get("target_error")
        self.journal = Journal(request["journal"])
        self.flight = Flight(request.get("in_flight"))
        name = request.get("timer") or timer_for(self.device.type)
        if name is None:
            raise ValueError(
                "there is no timer for %s; name a file with one by --timer" % self.device.type
            )
        self.timer = make_timer(name)
        self.catalog = {
            layer: entry for table in request["catalog"].values() for layer, entry in table.items()
        }
        config = worker.vllm_config
        self.kv_cache_config = self.runner.kv_cache_config
        self.max_model_len = config.model_config.max_model_len
        vocabulary = config.model_config.get_vocab_size()
        self.batches = BatchMaker(
            self.kv_cache_config,
            config.scheduler_config.max_num_batched_tokens,
            config.scheduler_config.max_num_seqs,
            self.max_model_len,
            vocabulary,
        )
        self.passes.fill_tokens(vocabulary)
        model = self.runner.get_model() if hasattr(self.runner, "get_model") else self.runner.model
        self.watch = Watch(self.timer)
        self.modules = {}
        for layer, module in find_modules(model, self.catalog):
            self.watch.attach(layer, module)
            self.modules[layer] = self.modules.get(layer, 0) + 1
        self._attach_sampler(torch)
        # One layer of each kind is here, of which the whole model has `count`.
        self.kinds = request.get("layer_kinds") or []
        self.layers = request.get("layers", 1)
        self.attention = set(request["catalog"].get("attention", ()))
        # What runs when a pass samples: shots of other layers can go without.
        self.sampling = set(request["catalog"].get("per_sequence", ()))
        self.lean = self._is_lean()
        self.between = between(self.device)
        for layer in self.attention:
            found = self.modules.get(layer, 0)
            if self.kinds and found != len(self.kinds):
                raise ValueError(
                    "the model has %d modules of %s for %d kinds of layers" % (found, layer, len(self.kinds))
                )
        self.routing = ForcedRouting(model)
        fill_cache(getattr(self.runner, "kv_caches", None))
        self._ready_timer(torch)

    def _is_lean(self):
        """Whether shots go without a pass that warms up, and without sampling what they do not time.

        On a GPU both ways find the same times (docs/benchmarks.md). On a CPU a first pass differs more.
        """
        wanted = os.environ.get("VSCOPE_SWEEP_LEAN")
        lean = wanted == "1" if wanted else self.device.type == "cuda"
        return lean and self.iterations >= FEWEST_WITHOUT_WARM_UP

    def _attach_sampler(self, torch):
        """The sampler belongs to the model runner, not to the model."""
        sampler = getattr(self.runner, "sampler", None)
        if sampler is None:
            return
        for layer, entry in self.catalog.items():
            if type(sampler).__name__ in entry["vllm"] and layer not in self.modules:
                if isinstance(sampler, torch.nn.Module):
                    self.watch.attach(layer, sampler)
                else:
                    self.watch.attach_callable(layer, self.runner, "sampler")
                self.modules[layer] = 1

    def _ready_timer(self, torch):
        """One session without a shot: CUPTI alone takes a second to set up, which is no shot's time."""
        if self.device.type == "cuda":
            # Kernels that still run would be of no call.
            torch.cuda.synchronize()
        self.timer.start()
        self.timer.stop()

    def facts(self):
        import torch

        specs = [group.kv_cache_spec for group in self.kv_cache_config.kv_cache_groups]
        block, tokens = room_of(specs, self.kv_cache_config.num_blocks, self.batches.max_requests)
        found = {
            "pid": os.getpid(),
            "device_type": self.device.type,
            "timer": self.timer.name,
            "shots_per_session": self.timer.shots_per_session,
            "lean": self.lean,
            "tokens": "differ",
            "torch": str(torch.__version__),
            "runner": "%s.%s" % (type(self.runner).__module__, type(self.runner).__name__),
            "runner_kind": self.passes.kind,
            "block_size": block,
            "num_gpu_blocks": self.kv_cache_config.num_blocks,
            "num_cache_tokens": tokens,
            "max_model_len": self.max_model_len,
            "modules": self.modules,
            "missing": [layer for layer in self.catalog if layer not in self.modules],
            "routers": len(self.routing.routers),
        }
        if self.device.type == "cuda":
            properties = torch.cuda.get_device_properties(self.device)
            found["gpu"] = properties.name
            found["cuda"] = torch.version.cuda or torch.version.hip
            uuid = getattr(properties, "uuid", None)
            if uuid is not None:
                found["gpu_uuid"] = str(uuid)
        return found

    def fire(self, shots):
        """Results go to the journal, sessions of the timer at a time; returns shots that failed."""
        failed = []
        # Python's collector would stop some pass or other for milliseconds.
        gc.disable()
        try:
            while shots and not any(entry.get("fatal") for entry in failed):
                size = self._session_size()
                self._session(shots[:size], failed)
                shots = shots[size:]
        finally:
            gc.enable()
        return failed

    def _session_size(self):
        # After the death of an engine one by one, so that the next death names its shot.
        return 1 if self.careful else getattr(self.timer, "shots_now", self.timer.shots_per_session)

    def _session(self, shots, failed):
        """Times shots together, and those again whose times are too uncertain yet."""
        began = time.perf_counter()
        results = {}
        open_shots = shots
        while open_shots:
            fired = self._round(open_shots, failed)
            if self.lean and not results:
                fired = self._again_where_cold(fired, failed)
            for shot, times in fired:
                kept = results.setdefault(shot["k"], (shot, {}))[1]
                for layer, samples in times.items():
                    kept.setdefault(layer, []).extend(samples)
            open_shots = [shot for shot, _ in fired if self._uncertain(results[shot["k"]][1])]
        seconds = (time.perf_counter() - began) / max(1, len(results))
        for shot, times in results.values():
            record = {"k": shot["k"], "tp": self.tp, "s": self.sweep, "us": times}
            if "e" in shot:
                record["experts"] = shot["e"]
            record["sec"] = round(seconds, 6)
            self.journal.append(record)

    def _again_where_cold(self, fired, failed):
        """The same, with other times for shots whose first pass did more than the others."""
        cold = [shot for shot, times in fired if any(map(is_cold, times.values()))]
        if not cold:
            return fired
        names = {shot["k"] for shot in cold}
        # One that fails the second time has failed, and is not among them.
        return [pair for pair in fired if pair[0]["k"] not in names] + self._round(cold, failed)

    def _uncertain(self, times):
        if self.target is None:
            return False
        return any(
            len(samples) < MOST_ROUNDS * self.iterations and error_of_median(samples) > self.target
            for samples in times.values()
        )

    def _round(self, shots, failed):
        """Pairs of a shot that was fired and its times by layer."""
        spans = []
        fired = []
        self.timer.start()
        for shot in shots:
            first = len(spans)
            self.flight.of(shot["k"])
            try:
                self._shot(shot, spans)
                fired.append((shot, range(first, len(spans))))
            except Refused as error:
                failed.append({"k": shot["k"], "why": str(error)})
            except Exception as error:
                failed.append(self._failure(shot, error))
                if failed[-1]["fatal"]:
                    # What the timer has may be of a GPU that answers nothing any more.
                    return []
        self.flight.of("")
        calls = {}
        for span, layer, us in self.timer.stop():
            calls.setdefault((span, layer), []).append(us)
        return [(shot, self._times(shot, passes, calls)) for shot, passes in fired]

    def _times(self, shot, passes, calls):
        times = {}
        for layer in shot.get("l") or self.catalog:
            samples = [calls[span, layer] for span in passes if (span, layer) in calls]
            if not samples:
                continue
            times[layer] = [round(self._whole(layer, us), 4) for us in samples]
            if layer in self.attention:
                for place, kind in enumerate(self.kinds):
                    times["%s %s" % (layer, kind["name"])] = [round(us[place], 4) for us in samples]
        return times

    def _whole(self, layer, us):
        """The time of a layer in a pass, of its calls in their order."""
        if self.kinds and layer in self.attention:
            # That of a block of the whole model, on average over its blocks.
            weighted = sum(time * kind["count"] for time, kind in zip(us, self.kinds))
            return weighted / sum(kind["count"] for kind in self.kinds)
        if self.catalog[layer].get("together") == "sum":
            return sum(us) / self.layers
        return sum(us) / len(us)

    def _shot(self, shot, spans):
        experts = shot.get("e")
        self.routing.experts = experts
        self.watch.layers = shot.get("l")
        asked = not shot.get("l") or not self.sampling.isdisjoint(shot["l"])
        sampling = asked or not self.lean
        count = self.iterations
        if asked and self.passes.kind == "v2":
            # The sampler reads what requests want from two buffers of the host in turn, and one may be the slower:
            # the median of an odd number of passes would be that of one of them.
            count += count % 2
        try:
            batch = self.batches.shot(shot["r"])
            messages = [batch.first] + count * [batch.again]
            if not self.lean or experts is not None:
                # A pass that warms up: it chooses kernels and fills caches.
                self.routing.looking = experts is not None
                self._pass(messages.pop(0), sampling)
                self.routing.looking = False
                if experts is not None:
                    self.routing.check(experts)
            before = self.routing.calls
            for message in messages[:count]:
                self.watch.span = len(spans)
                spans.append(shot["k"])
                self._pass(message, sampling)
                self.watch.span = None
            forced = self.routing.calls - before
            if experts is not None and forced < count:
                raise Refused("the experts were forced in %d passes of %d" % (forced, count))
        finally:
            self.watch.span = None
            self.routing.looking = False
            self.routing.experts = None
            self.routing.seen = []

    def _pass(self, message, sampling):
        self.passes.fire(message, sampling)
        if not sampling:
            self.between()

    def _failure(self, shot, error):
        """Puts the model runner in order after a pass that raised."""
        import torch

        text = "%s: %s" % (type(error).__name__, error)
        self.passes.recover()
        fatal = "CUDA error" in text or "HIP error" in text
        if not fatal:
            try:
                if isinstance(error, torch.OutOfMemoryError):
                    torch.cuda.empty_cache()
                self.passes.fire(self.batches.ending())
            except Exception as other:
                text += "; then %s: %s" % (type(other).__name__, other)
                fatal = True
        traceback.print_exc()
        return {"k": shot["k"], "why": text.split("\n")[0][:300], "fatal": fatal}
