/** The GPU's timer of a sweep: its arithmetic on traces of an H100, and its sessions on a stand-in for torch. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { python } from "./python.ts";

const RECORDED = fileURLToPath(new URL("../analysis/torch/recorded", import.meta.url));

async function json(code: string, env: Record<string, string> = {}) {
  const ran = await python(code, env);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout);
}

Deno.test("a kernel belongs to the calls in which its launch began, whenever it ran", async () => {
  const found = await json(`
import json
from vscope_sweep.timers.attribution import by_times
calls = [(100, 150, 0), (160, 260, 1), (170, 190, 2)]
launches = [(99, 10), (100, 11), (149, 12), (150, 13), (175, 14), (200, 15), (300, 16)]
kernels = [(10, 500), (11, 5), (12, 7), (12, 1), (13, 1000), (14, 30), (15, 2), (16, 9), (99, 4)]
print(json.dumps([by_times(calls, launches, kernels, 3), by_times([], launches, kernels, 0)]))
`);
  assert.deepEqual(found, [[13, 32, 30], []]);
});

Deno.test("on an H100's traces every kernel of attention is of a call of attention", async () => {
  const found = await json(
    `
import gzip, json, os
from vscope_sweep.timers.attribution import by_times
from vscope_sweep.timers.kineto import LAUNCH
found = {}
for name in ("dense_eager", "experts_eager"):
    with gzip.open(os.path.join(os.environ["RECORDED"], name + ".json.gz")) as file:
        events = json.load(file)["traceEvents"]
    of = lambda *kinds: [event for event in events if event.get("cat") in kinds]
    ns = lambda micros: round(micros * 1000)
    operators, launches = of("cpu_op"), of("cuda_runtime", "cuda_driver")
    kernels = of("kernel", "gpu_memcpy", "gpu_memset")
    calls = [event for event in operators if event["name"] == "vllm::unified_attention_with_output"]
    times = by_times(
        [(ns(call["ts"]), ns(call["ts"] + call["dur"]), place) for place, call in enumerate(calls)],
        [(ns(launch["ts"]), launch["args"]["correlation"]) for launch in launches],
        [(kernel["args"]["correlation"], ns(kernel["dur"])) for kernel in kernels],
        len(calls),
    )
    flash = [ns(kernel["dur"]) for kernel in kernels if "FlashAttn" in kernel["name"]]
    found[name] = {
        "calls": len(calls),
        "without": times.count(0),
        "ns": sum(times),
        "flash": sum(flash),
        "strange launches": [e["name"] for e in launches if not LAUNCH.match(e["name"])],
        "operators like launches": [e["name"] for e in operators if LAUNCH.match(e["name"])],
    }
print(json.dumps(found))
`,
    { RECORDED },
  );
  for (const [name, of] of Object.entries(found) as [string, Record<string, number>][]) {
    assert.ok(of["calls"]! > 20, name);
    assert.equal(of["without"], 0, name);
    // What prepares the kernels is launched there too, and is little.
    assert.ok(of["ns"]! >= of["flash"]! && of["ns"]! < 1.2 * of["flash"]!, JSON.stringify(of));
    assert.deepEqual(of["strange launches"], []);
    assert.deepEqual(of["operators like launches"], []);
  }
});

/** A torch whose profiler tells of what was launched in it; SKEW shifts its clock by so many ns. */
const TORCH = `
import json, os, sys, time, types
skew, lost = int(os.environ.get("SKEW", "0")), "LOST" in os.environ
class Event:
    def __init__(self, name, device, start, length, correlation):
        self.values = name, device, start, length, correlation
    def name(self): return self.values[0]
    def device_type(self): return self.values[1]
    def start_ns(self): return self.values[2]
    def duration_ns(self): return self.values[3]
    def correlation_id(self): return self.values[4]
class Profile:
    open = None
    def __init__(self, activities, **_):
        self.cpu = "CPU" in activities
        self.found = []
        self.profiler = types.SimpleNamespace(kineto_results=types.SimpleNamespace(events=lambda: self.found))
        sessions.append(sorted(activities))
    def start(self): Profile.open = self
    def stop(self): Profile.open = None
class Named:
    def __init__(self, name): self.name = name
    def __enter__(self): self.begin = time.time_ns()
    def __exit__(self, *_):
        end = time.time_ns()
        Profile.open.found.append(Event(self.name, "cpu", self.begin + skew, end - self.begin, 7))
        Profile.open.found.append(Event(self.name, "gpu", self.begin + skew, 5, 0))
sessions, count = [], [0]
def launch(length):
    count[0] += 1
    found, now = Profile.open.found, time.time_ns() + skew
    found.append(Event("aten::mm", "cpu", now, 1, count[0]))
    found.append(Event("cudaLaunchKernel", "cpu", now, 1, 0 if lost else count[0]))
    found.append(Event("gemm", "gpu", now + 10**9, length, count[0]))
torch = types.ModuleType("torch")
torch.cuda = types.SimpleNamespace(synchronize=lambda: None)
torch.autograd = types.SimpleNamespace(DeviceType=types.SimpleNamespace(CPU="cpu"))
profiler = types.ModuleType("torch.profiler")
profiler.ProfilerActivity = types.SimpleNamespace(CPU="CPU", CUDA="CUDA")
profiler.profile = Profile
autograd, named = types.ModuleType("torch.autograd"), types.ModuleType("torch.autograd.profiler")
named.record_function = Named
for module in (torch, profiler, autograd, named): sys.modules[module.__name__] = module
from vscope_sweep.timers.kineto import Timer
timer, results = Timer(), []
def session():
    timer.start()
    launch(1000000)
    for span in range(2):
        outer = timer.enter(span, "outer"); launch(3000)
        inner = timer.enter(span, "inner"); launch(500); timer.leave(inner)
        timer.leave(outer)
        launch(1000000)
    return timer.stop()
`;
const TIMES = [[0, "outer", 3.5], [0, "inner", 0.5], [1, "outer", 3.5], [1, "inner", 0.5]];

Deno.test("two short sessions prove that the clock says the same as named ranges, the rest has none", async () => {
  const [found, sessions] = await json(
    `${TORCH}\nprint(json.dumps([[[timer.shots_now, session()] for _ in range(4)], sessions]))`,
  );
  assert.deepEqual(found, [[8, TIMES], [8, TIMES], [64, TIMES], [64, TIMES]]);
  assert.deepEqual(sessions, [["CPU", "CUDA"], ["CPU", "CUDA"], ["CUDA"], ["CUDA"]]);
});

Deno.test("where the profiler has another clock, ranges are recorded in every session", async () => {
  const [times, sessions] = await json(
    `${TORCH}\nprint(json.dumps([[session() for _ in range(4)], sessions]))`,
    { SKEW: "50000000" },
  );
  assert.deepEqual(times, [TIMES, TIMES, TIMES, TIMES]);
  assert.deepEqual(new Set(sessions.map(String)), new Set(["CPU,CUDA"]));
});

Deno.test("a clock that is set while a sweep runs costs one session, and ranges are recorded again", async () => {
  const [times, sessions] = await json(
    `${TORCH}
found = [session() for _ in range(3)]
skew = 10**10
found += [session() for _ in range(2)]
print(json.dumps([[[us for *_, us in one] for one in found], sessions]))`,
  );
  const whole = TIMES.map(([, , us]) => us);
  assert.deepEqual(times, [whole, whole, whole, [0, 0, 0, 0], whole]);
  assert.deepEqual(sessions.map((kinds: string[]) => kinds.length), [2, 2, 1, 1, 2]);
});

Deno.test("kernels whose launches cannot be found are an error, not a time of zero", async () => {
  const ran = await python(`${TORCH}\nsession()`, { LOST: "1" });
  assert.notEqual(ran.code, 0);
  assert.match(ran.stderr, /does not tell which launch a kernel is of/);
});
