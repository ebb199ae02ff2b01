import assert from "node:assert/strict";
import { dirname } from "node:path";
import { inFolder } from "../folders.ts";
import { probe } from "../dev/versions.ts";
import { type Probed, type ProbedHook, versionsPage } from "../dev/versions_page.ts";
import { HOOKS } from "../hooks/python.ts";
import { hooksOf, type Ran, type RanHook, readRan, writeRan } from "./ran.ts";

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
    // The last one is the function before it, whose calls are seen there.
    [
      "attached",
      "attached",
      "attached",
      "absent: calls of it are seen at vllm.core.scheduler:plain",
    ],
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

Deno.test("a method that hides a watched one is told, unless it calls it or is watched itself", async () => {
  await inFolder(async (dir) => {
    const list = [
      ["vllm.base", "Runner.execute", []],
      ["vllm.base", "Runner.sample", []],
      ["vllm.encoder", "EncoderRunner.execute", []],
      ["vllm.encoder", "EncoderRunner.sample", []],
      ["vllm.polite", "PoliteRunner.execute", []],
      ["vllm.base", "choose", []],
      ["vllm.encoder", "choose_by", []],
    ];
    await write(dir, {
      "hooks/vscope_hooks/__init__.py": "",
      "hooks/vscope_hooks/profilers/__init__.py": 'MODULES = ("fake",)\n',
      "hooks/vscope_hooks/profilers/fake.py": `WATCHED = ${JSON.stringify(list)}\n${PROFILER}`,
      "site/vllm/__init__.py": "",
      "site/vllm/base.py": `
class Runner:
    def execute(self, output): ...
    def sample(self): ...

def choose(logits): ...
`,
      "site/vllm/encoder.py": `
from vllm.base import Runner, choose as choose_by

class EncoderRunner(Runner):
    def execute(self, output): ...
`,
      "site/vllm/polite.py": `
from vllm.base import Runner

class PoliteRunner(Runner):
    def execute(self, output):
        return super().execute(output)

class FarRunner(PoliteRunner):
    def sample(self): ...
`,
      "site/vllm-1.2.3.dist-info/METADATA": "",
    });
    const [probed] = await probe([`${dir}/site`], `${dir}/hooks`) ?? [];
    assert.deepEqual(
      probed!.hooks.map(({ status, reason }) => reason ? `${status}: ${reason}` : status),
      [
        "attached",
        "attached",
        "attached",
        "absent: calls of it are seen at vllm.base:Runner.sample",
        "absent: calls of it are seen at vllm.base:Runner.execute",
        "attached",
        "absent: calls of it are seen at vllm.base:choose",
      ],
    );
    assert.deepEqual(probed!.overrides, ["vllm.polite:FarRunner.sample"]);
  });
});

Deno.test("the page tells what a run told from what the probe alone told, and why a hook is not attached", () => {
  const hook = (profiler: string, status: ProbedHook["status"], reason?: string): ProbedHook => ({
    profiler,
    module: "vllm.a",
    path: "B.c",
    needs: [],
    status,
    ...(reason ? { reason } : {}),
  });
  const probed: Probed[] = [
    {
      package: "vllm",
      version: "1.0",
      hooks: [hook("x", "absent", "gone"), hook("y", "absent"), hook("z", "absent")],
      overrides: [],
    },
    {
      package: "vllm",
      version: "1.1",
      hooks: [hook("x", "attached"), hook("y", "attached"), hook("z", "attached")],
      overrides: ["vllm.a:Sub.c"],
    },
  ];
  const ran: Ran = {
    vllm: "1.1",
    on: "CPU",
    date: "2030-01-01",
    by: "a test",
    python: "3.11",
    torch: "2",
    checks: ["12 tokens = 12 tokens"],
    hooks: [
      { name: "x", symbol: "vllm.a:B.c", status: "attached" },
      { name: "y", symbol: "vllm.a:B.c", status: "failed", reason: "ValueError" },
    ],
  };
  const page = versionsPage(probed, [ran], "2030-01-02");
  assert.match(page, /\| Symbol \| Profilers \| 1\.0 \| 1\.1 \*\*run\*\* \(CPU\) \|/);
  assert.match(page, /\| `vllm\.a:B\.c` \| x \| – \| \*\*●\*\* \|/);
  assert.match(page, /\| `vllm\.a:B\.c` \| y \| – \| \*\*✗\*\* \|/);
  assert.match(page, /\n- 1\.0: `vllm\.a:B\.c`: gone \(x\)\n/);
  assert.match(page, /\| 1\.1 \| CPU \| 2030-01-01 \| 3\.11, 2 \| 1 \| 0 \| a test \|/);
  assert.match(page, /\n- 12 tokens = 12 tokens\n- failed: y `vllm\.a:B\.c`: ValueError\n/);
  assert.match(page, /\n- 1\.1: `vllm\.a:Sub\.c`\n/);
});

Deno.test("a run takes the place of an older one of its version and machine, and versions are in order", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/ran.json`;
    await Deno.writeTextFile(path, "[]");
    const run = (vllm: string, on: string, date: string): Ran => ({
      ...{ vllm, on, date, by: "", python: "", torch: "", checks: [], hooks: [] },
    });
    for (
      const [vllm, on, date] of [["0.9", "CPU", "1"], ["0.26", "GPU", "1"], ["0.26", "CPU", "1"]]
    ) {
      await writeRan(run(vllm!, on!, date!), path);
    }
    await writeRan(run("0.26", "CPU", "2"), path);
    assert.deepEqual(
      (await readRan(path)).map(({ vllm, on, date }) => `${vllm} ${on} ${date}`),
      ["0.9 CPU 1", "0.26 CPU 2", "0.26 GPU 1"],
    );
  });
});

Deno.test("of several processes the one counts in which a hook attached, and a failure before that", () => {
  const hook = (symbol: string, status: RanHook["status"], reason?: string): RanHook => ({
    name: "p",
    symbol,
    status,
    ...(reason ? { reason } : {}),
  });
  assert.deepEqual(
    hooksOf([
      hook("b", "absent", "not here"),
      hook("b", "attached"),
      hook("a", "attached"),
      hook("a", "failed", "broken"),
      hook("a", "attached"),
    ]),
    [hook("a", "failed", "broken"), hook("b", "attached")],
  );
});
