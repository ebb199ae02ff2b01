import assert from "node:assert/strict";
import { dirname } from "node:path";
import { inFolder } from "../folders.ts";
import { probe } from "../dev/versions.ts";
import { type Probed, type ProbedHook, versionsPage } from "../dev/versions_page.ts";
import { HOOKS } from "../hooks/python.ts";

/** A profiler; a line above it sets WATCHED, a list of module, path and needs. */
const PROFILER = `
from types import SimpleNamespace

def watchers(recorder):
    recorder.table("t", ("a",)).add((recorder.seconds(), recorder.pid))
    return [
        SimpleNamespace(profiler="fake", module=module, path=path, needs=needs)
        for module, path, needs in WATCHED
    ]
`;

/** A vLLM, file by file. */
const VLLM = {
  "vllm/__init__.py": "",
  "vllm/base.py": `
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from vllm.types import Imagined

T = TypeVar("T")

class Base(Generic[T]):
    def inherited(self, request, *, deep=False): ...
`,
  "vllm/core/__init__.py": "from .scheduler import Scheduler as Renamed, step\n",
  "vllm/core/scheduler.py": `
import torch.nn as nn
import vllm.base
from ..gone import Lost

class Scheduler(vllm.base.Base[int]):
    def narrow(self, output, *args, **kwargs): ...

    @property
    def size(self): ...

    alias = narrow
    made = make_method()

class Layer(nn.Module):
    pass

class Orphan(Lost):
    pass

try:
    from fast import step
except ImportError:
    def step(batch): ...

def plain(batch): ...
`,
  "vllm-1.2.3+cpu.dist-info/METADATA": "",
};

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
    await Deno.writeTextFile(`${folder}/${path}`, text);
  }
}

/** The probe's answers for watchers of the fake vLLM, each as `status: reason`. */
async function answers(
  watched: [module: string, path: string, ...needs: string[]][],
): Promise<string[]> {
  return await inFolder(async (dir) => {
    const list = watched.map(([module, path, ...needs]) => [module, path, needs]);
    await write(dir, {
      "hooks/vscope_hooks/__init__.py": "",
      "hooks/vscope_hooks/profilers/__init__.py": 'MODULES = ("fake",)\n',
      "hooks/vscope_hooks/profilers/fake.py": `WATCHED = ${JSON.stringify(list)}\n${PROFILER}`,
    });
    await write(`${dir}/site`, VLLM);
    const [probed] = await probe([`${dir}/site`], `${dir}/hooks`) ?? [];
    assert.equal(probed?.version, "1.2.3+cpu");
    return probed.hooks.map(({ status, reason }) => reason ? `${status}: ${reason}` : status);
  });
}

Deno.test("an inherited method, a missing parameter and a missing module are told apart", async () => {
  assert.deepEqual(
    await answers([
      ["vllm.core.scheduler", "Scheduler.inherited", "request", "deep"],
      ["vllm.core.scheduler", "Scheduler.narrow", "output", "request"],
      ["vllm.core.sched.scheduler", "Scheduler.narrow"],
      ["vllm.core.scheduler", "Scheduler.wide"],
    ]),
    [
      "attached",
      "absent: Scheduler.narrow lacks the parameter request, it has self, output",
      "absent: no module vllm.core.sched.scheduler",
      "absent: Scheduler has no wide",
    ],
  );
});

Deno.test("the probe follows re-exports, aliases and functions of a module", async () => {
  assert.deepEqual(
    await answers([
      ["vllm.core", "Renamed.inherited", "request"],
      ["vllm.core.scheduler", "Scheduler.alias", "output"],
      ["vllm.core.scheduler", "plain", "batch"],
      ["vllm", "core.scheduler.plain"],
    ]),
    ["attached", "attached", "attached", "attached"],
  );
});

Deno.test("a property and an import for type checkers are no methods", async () => {
  assert.deepEqual(
    await answers([
      ["vllm.core.scheduler", "Scheduler.size"],
      ["vllm.base", "Imagined"],
    ]),
    ["absent: Scheduler has no size", "absent: base has no Imagined"],
  );
});

Deno.test("what vLLM's Python does not tell is called unknown", async () => {
  assert.deepEqual(
    await answers([
      ["torch.cuda", "CUDAGraph.replay"],
      ["vllm.core.scheduler", "Layer.forward"],
      ["vllm.core.scheduler", "Layer.choose"],
      ["vllm.core.scheduler", "Orphan.run"],
      ["vllm.core.scheduler", "Scheduler.made"],
      ["vllm.core", "step"],
    ]),
    [
      "unknown: left to torch.cuda.CUDAGraph.replay, which is not vLLM's",
      "unknown: left to torch.nn.Module.forward, which is not vLLM's",
      "absent: Layer has no choose",
      "unknown: the syntax does not tell",
      "unknown: the syntax does not tell",
      "unknown: left to fast.step, which is not vLLM's",
    ],
  );
});

Deno.test("the probe reads our own hooks without torch and vLLM", async () => {
  await inFolder(async (dir) => {
    await write(dir, VLLM);
    const [probed] = await probe([dir], HOOKS) ?? [];
    assert.ok(probed!.hooks.length > 20);
    assert.ok(probed!.hooks.every(({ status }) => status !== "attached"));
  });
});

Deno.test("the page marks versions that ran and says why a hook is not attached", () => {
  const hook = (profiler: string, status: ProbedHook["status"], reason?: string): ProbedHook => ({
    profiler,
    module: "vllm.a",
    path: "B.c",
    needs: [],
    status,
    ...(reason ? { reason } : {}),
  });
  const probed: Probed[] = [
    { package: "vllm", version: "1.0", hooks: [hook("x", "absent", "gone"), hook("y", "absent")] },
    { package: "vllm", version: "1.1", hooks: [hook("x", "attached"), hook("y", "attached")] },
  ];
  const page = versionsPage(probed, ["1.1 (CPU)"], "2030-01-02");
  assert.match(page, /\| Symbol \| Profilers \| 1\.0 \| 1\.1 \*\*run\*\* \(CPU\) \|/);
  assert.match(page, /\| `vllm\.a:B\.c` \| x, y \| – \| ✓ \|/);
  assert.match(page, /\n- 1\.0: `vllm\.a:B\.c`: gone \(x\)\n/);
});
