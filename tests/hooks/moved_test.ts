import assert from "node:assert/strict";
import { inFolder, namesIn } from "../folders.ts";
import { python } from "./python.ts";

/** Loads the hooks as vLLM's plugin call does, into modules that MAKE makes for every watched one. */
const SETUP = `
import importlib, json, sys, types
from vscope_hooks import plugin, profilers, recorder, sites
watched = []
really_attach = sites.attach
def attach(recorder, watchers):
    for watcher in watchers:
        names = watcher.module.split(".")
        for depth in range(1, len(names) + 1):
            name = ".".join(names[:depth])
            sys.modules.setdefault(name, types.ModuleType(name))
        watched.append(watcher)
        make(sys.modules[watcher.module], watcher)
    really_attach(recorder, watchers)
profilers.attach = attach
def finish():
    from vscope_hooks import activation
    activation._recorder.finish()
`;

/** The hooks that the only process of a session told of. */
async function hooksIn(dir: string): Promise<{ status: string; reason?: string }[]> {
  const [session] = await namesIn(dir);
  const [process] = await namesIn(`${dir}/${session}/processes`);
  const path = `${dir}/${session}/processes/${process}/process.json`;
  return JSON.parse(await Deno.readTextFile(path)).hooks;
}

Deno.test("in a vLLM of which every symbol has moved each hook is absent, and names its symbol", async () => {
  await inFolder(async (dir) => {
    const ran = await python(
      `${SETUP}
def make(module, watcher):
    pass
plugin.load()
finish()
print(len(watched))`,
      { VLLM_PROFILING_DIR: dir },
    );
    assert.deepEqual([ran.code, ran.stderr], [0, ""]);
    const hooks = await hooksIn(dir);
    assert.ok(Number(ran.stdout) > 60 && hooks.length > 50, `${ran.stdout}, ${hooks.length}`);
    for (const { status, reason } of hooks) {
      assert.equal(status, "absent");
      assert.match(reason!, /^this vLLM's [\w.]+:[\w.]+ lacks \(no such method\)$/);
    }
  });
});

Deno.test("in a vLLM whose methods take and return other things each answers as it did", async () => {
  await inFolder(async (dir) => {
    const ran = await python(
      `${SETUP}
called = []
def method(path):
    def step(*args, scheduler_output=None, request=None, engine_core_outputs=None, req_state=None,
             finish_reason=None, request_ids=None, **rest):
        called.append(path)
        return path
    return step
def make(module, watcher):
    *parents, name = watcher.path.split(".")
    owner = module
    for parent in parents:
        if not hasattr(owner, parent):
            setattr(owner, parent, type(parent, (), {}))
        owner = getattr(owner, parent)
    if name != "__init__" and name not in vars(owner):
        setattr(owner, name, method(watcher.path))
plugin.load()
strange = (None, 7, "text", [], {}, object())
wrong, count = [], 0
for watcher in {watcher.symbol: watcher for watcher in watched}.values():
    *parents, name = watcher.path.split(".")
    owner = sys.modules[watcher.module]
    for parent in parents:
        owner = getattr(owner, parent)
    if name == "__init__":
        continue
    for value in strange:
        for arguments, named in (((owner, value), {}), ((owner,), {"scheduler_output": value}), ((), {})):
            count += 1
            before = len(called)
            answer = getattr(owner, name)(*arguments, **named)
            if answer != watcher.path or len(called) != before + 1:
                wrong.append([watcher.symbol, str(answer)])
finish()
print(json.dumps([count > 300, wrong]))`,
      { VLLM_PROFILING_DIR: dir },
    );
    assert.deepEqual([ran.code, ran.stderr], [0, ""]);
    assert.deepEqual(JSON.parse(ran.stdout), [true, []]);
    const statuses = new Set((await hooksIn(dir)).map(({ status }) => status));
    assert.ok(statuses.has("failed") && statuses.has("attached"), [...statuses].join());
  });
});
