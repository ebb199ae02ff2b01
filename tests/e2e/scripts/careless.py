"""Profilers of somebody who is careless: none of this may reach vLLM."""

from vscope_hooks.profiler import Column, Profiler, after, before


class RaisesAlways(Profiler):
    columns = [Column("n", int)]

    @before("vllm.v1.core.sched.scheduler:Scheduler.schedule")
    def ahead(self, call):
        raise ValueError("nothing works")


class LyingColumns(Profiler):
    columns = [Column("tokens", int, unit="tokens")]
    calls = 0

    @after("vllm.v1.core.sched.scheduler:Scheduler.schedule")
    def scheduled(self, call):
        self.calls += 1
        # True every other time.
        self.add(call, tokens=self.calls if self.calls % 2 else "many")


class Gone(Profiler):
    columns = [Column("n", int)]

    @after("vllm.v1.core.sched.scheduler:Scheduler.no_such_method")
    def never(self, call):
        self.add(call, n=1)


class Nowhere(Profiler):
    columns = [Column("n", int)]

    @after("vllm.v1.no_such_module:Thing.method")
    def never(self, call):
        self.add(call, n=1)
