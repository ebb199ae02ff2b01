import assert from "node:assert/strict";
import { python } from "./python.ts";

/** A driver in Python, with the answers of CUDA's: contexts belong to threads, events have a time. */
const SETUP = `
import ctypes, sys, threading, types
import vscope_hooks.profilers.cuda_events as module
class Driver:
    def __init__(self, context=7):
        self.contexts, self.events, self.now = {threading.get_ident(): context}, {}, 0.0
        self.recorded_on = []
    def cuCtxGetCurrent(self, out):
        out._obj.value = self.contexts.get(threading.get_ident(), 0)
        return 0
    def cuCtxSetCurrent(self, context):
        self.contexts[threading.get_ident()] = context.value
        return 0
    def cuEventCreate(self, out, flags):
        assert flags == 0, "an event without a time"
        out._obj.value = 100 + len(self.events)
        self.events[out._obj.value] = None
        return 0
    def cuEventRecord(self, event, stream):
        self.now += 2.5
        self.events[event.value] = self.now
        self.recorded_on.append(stream.value or 0)
        return 0
    def _context(self):
        return 0 if self.contexts.get(threading.get_ident()) else 201
    done = True
    def cuEventQuery(self, event):
        return self._context() or (0 if self.done else 600)
    def cuEventElapsedTime(self, out, begin, end):
        if self.events[begin.value] is None: return 400
        out._obj.value = self.events[end.value] - self.events[begin.value]
        return self._context()
torch = types.ModuleType("torch")
torch._C = types.SimpleNamespace(_cuda_getCurrentRawStream=lambda device: 4000 + device)
torch.version = types.SimpleNamespace(cuda="13.0")
sys.modules["torch"] = torch
cuda = types.SimpleNamespace(
    current_device=lambda: 3, current_stream=lambda device=None: types.SimpleNamespace(cuda_stream=5000))
def on_a_thread(call):
    found = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start(); thread.join()
    return found[0]
`;

async function run(code: string): Promise<string> {
  const { stdout, stderr } = await python(SETUP + code, {});
  assert.equal(stderr, "");
  return stdout;
}

Deno.test("the driver's events are recorded on this thread's stream, and subtracted", async () => {
  const printed = await run(`
driver = Driver()
events = module.DriverEvents(driver, cuda)
begin, end = events.make(), events.make()
stream = events.handle(events.stream_of(events.device))
events.record(begin, stream); events.record(end, stream)
print(events.done(end), events.milliseconds([begin, end])[0], driver.recorded_on)
driver.done = False
print(events.done(end))
`);
  assert.equal(printed, "True 2.5 [4003, 4003]\nFalse\n");
});

Deno.test("a thread without a CUDA context reads events in that of the engine's thread", async () => {
  const printed = await run(`
driver = Driver()
events = module.DriverEvents(driver, cuda)
begin, end = events.make(), events.make()
stream = events.handle(events.stream_of(events.device))
events.record(begin, stream); events.record(end, stream)
print(on_a_thread(lambda: events.milliseconds([begin, end])[0]), sorted(driver.contexts.values()))
`);
  assert.equal(printed, "2.5 [7, 7]\n");
});

Deno.test("what the driver refuses is an error with its number, and never a time", async () => {
  const printed = await run(`
events = module.DriverEvents(Driver(), cuda)
try: events.milliseconds([events.make(), events.make()])
except RuntimeError as error: print(error)
try: module.DriverEvents(Driver(context=0), cuda)
except RuntimeError as error: print(error)
`);
  assert.equal(
    printed,
    "cuEventElapsedTime: CUDA error 400\nthis thread has no CUDA context\n",
  );
});

Deno.test("torch's events serve where there is no such driver", async () => {
  const printed = await run(`
print(type(module.events_of(cuda)).__name__)
torch.version.cuda = None
print(type(module.events_of(cuda)).__name__)
module.ctypes.PyDLL = lambda name: Driver()
torch.version.cuda = "13.0"
print(type(module.events_of(cuda)).__name__)
del torch._C._cuda_getCurrentRawStream
events = module.events_of(cuda)
print(events.handle(events.stream_of(events.device)).value)
`);
  assert.equal(printed, "TorchEvents\nTorchEvents\nDriverEvents\n5000\n");
});
