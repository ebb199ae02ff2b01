import assert from "node:assert/strict";
import { SESSION_TABLES } from "../../kit/bundle/session/session_tables.ts";
import { fc } from "../deps.ts";
import { inFolder } from "../folders.ts";
import { python } from "./python.ts";

const IMPORTS = "from vscope_hooks.profiler import Column, Profiler, after, before\n";

/** What a look at a file finds. */
async function look(text: string): Promise<{ error?: string; profilers?: unknown[] }> {
  return await inFolder(async (dir) => {
    const path = `${dir}/mine.py`;
    await Deno.writeTextFile(path, text);
    const ran = await python(
      "import sys, json\nfrom vscope_hooks.own_profilers import main\nprint(json.dumps(main(sys.argv[1:])))",
      {},
      [path],
    );
    assert.equal(ran.stderr, "");
    const found = JSON.parse(ran.stdout.trim().split("\n").at(-1)!);
    return found.error === undefined ? found : { error: found.error.replaceAll(path, "mine.py") };
  });
}

const oneClass = (body: string) => `${IMPORTS}class Mine(Profiler):\n${body}`;

Deno.test("a file that cannot be used is told in one sentence", async () => {
  const cases: [string, RegExp][] = [
    ["def f(:\n  pass\n", /^Cannot load the profiler "mine\.py": line 1: invalid syntax$/],
    ["x = 1\n", /^Cannot use the profiler "mine\.py": it defines no class that derives from/],
    [
      "import not_there\n",
      /it raised ModuleNotFoundError: No module named 'not_there' \(line 1\)$/,
    ],
    [
      oneClass('    columns = [Column("n", int)]\n    def __init__(self): raise SystemExit(4)\n'),
      /class Mine: it raised SystemExit: 4 \(line 4\)$/,
    ],
    ["import sys\nsys.exit(3)\n", /it raised SystemExit: 3 \(line 2\)$/],
    [oneClass("    pass\n"), /class Mine: it declares no columns/],
    [oneClass('    columns = [Column("n", int)]\n'), /class Mine: it watches nothing/],
    [oneClass('    columns = [Column("N", int)]\n'), /a column is named 'N'; use small letters/],
    [oneClass('    columns = [Column("rank", int)]\n'), /the column name rank is vscope's own/],
    [oneClass('    columns = [Column("n", list)]\n'), /column n has the type <class 'list'>/],
    [oneClass('    columns = ["n"]\n'), /columns holds 'n', which is no Column/],
    [
      oneClass('    columns = [Column("n", int), Column("n", int)]\n'),
      /column n is declared twice/,
    ],
    [oneClass('    name = "../x"\n    columns = [Column("n", int)]\n'), /its name is '\.\.\/x'/],
    [
      oneClass(
        '    columns = [Column("n", int)]\n    @after("nothing")\n    def f(self, call): pass\n',
      ),
      /it watches 'nothing'; write a symbol as/,
    ],
    [
      oneClass('    columns = [Column("n", int)]\n    def __init__(self): raise KeyError("x")\n'),
      /class Mine: it raised KeyError: 'x' \(line 4\)$/,
    ],
  ];
  for (const [text, wanted] of cases) {
    const { error = "" } = await look(text);
    assert.match(error, wanted);
    assert.doesNotMatch(error, /\n/);
  }
});

Deno.test("whatever a file holds, the look at it answers", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 60 }), async (text) => {
      const { error } = await look(text);
      assert.match(error!, /^Cannot (load|use) the profiler "mine\.py": [^\n]+$/);
    }),
    { numRuns: 8 },
  );
});

/** Runs a profiler in a process whose "vLLM" is the module `part`; gives process.json and the table. */
async function record(
  profiler: string,
  calls: string,
  table: string,
): Promise<{ record: Recorded; csv: string }> {
  return await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/mine.py`, IMPORTS + profiler);
    await Deno.writeTextFile(
      `${dir}/part.py`,
      "class Thing:\n    def work(self, n, more=0):\n        return n + more\n",
    );
    const ran = await python(
      `import sys
sys.path.insert(0, ${JSON.stringify(dir)})
from vscope_hooks.activation import activate
activate(False)
import part
thing = part.Thing()
${calls}
`,
      { VSCOPE_PROFILER: `${dir}/mine.py`, VLLM_PROFILING_DIR: `${dir}/sessions` },
    );
    assert.equal(ran.stderr, "");
    assert.equal(ran.code, 0);
    for await (const session of Deno.readDir(`${dir}/sessions`)) {
      for await (const process of Deno.readDir(`${dir}/sessions/${session.name}/processes`)) {
        const folder = `${dir}/sessions/${session.name}/processes/${process.name}`;
        return {
          record: JSON.parse(await Deno.readTextFile(`${folder}/process.json`)),
          csv: await Deno.readTextFile(`${folder}/${table}.csv`).catch(() => ""),
        };
      }
    }
    throw new Error("no process left a record");
  });
}

interface Recorded {
  tables?: Record<string, unknown>;
  hooks: { name: string; symbol: string; status: string; reason?: string }[];
  cost_sec: Record<string, number>;
}

Deno.test("rows have the call's time, their cells as declared, and what is absent is empty", async () => {
  const { record: found, csv } = await record(
    `
class Seen(Profiler):
    row = "a call"
    columns = [Column("n", int, unit="things"), Column("took_ms", float, unit="ms"),
               Column("word", str), Column("odd", bool)]
    @after("part:Thing.work", needs="more")
    def worked(self, call):
        n = call.argument(1, "n")
        if n == 3:
            self.add(call, took_ms=float("nan"), word=None)
            return
        self.add(call, n=call.result, took_ms=n / 4, word='a,"' + "x" * 300, odd=n % 2 == 1)
`,
    "print(thing.work(1), thing.work(n=2, more=5), thing.work(3))",
    "seen",
  );
  const lines = csv.trimEnd().split("\n");
  assert.equal(lines[0], "timestamp_sec,n,took_ms,word,odd,step");
  const long = `"a,""${"x".repeat(196)}…"`;
  assert.deepEqual(lines.slice(1).map((line) => line.replace(/^\d+\.\d{6},/, "")), [
    `1,0.25,${long},true,`,
    `7,0.5,${long},false,`,
    ",,,,",
  ]);
  assert.deepEqual(found.hooks.find(({ name }) => name === "seen")!.status, "attached");
  assert.deepEqual(found.tables, {
    seen: {
      profiler: "seen",
      version: 1,
      row: "a call",
      symbols: ["part:Thing.work"],
      columns: [
        { name: "n", type: "integer", unit: "things" },
        { name: "took_ms", type: "number", unit: "ms" },
        { name: "word", type: "text" },
        { name: "odd", type: "boolean" },
      ],
    },
  });
});

Deno.test("a cell of another type and an unknown column are errors of the profiler, and the row is left out", async () => {
  const cells = ['n="1"', "n=1.5", "n=True", "m=1", "flag=1", "x='1'", "word=3", "x=2"];
  const { record: found, csv } = await record(
    `
class Lies(Profiler):
    columns = [Column("n", int), Column("x", float), Column("flag", bool), Column("word", str)]
    @after("part:Thing.work")
    def worked(self, call):
        [${cells.map((cell) => `lambda: self.add(call, ${cell})`).join(", ")}][call.args[1]]()
`,
    `print([thing.work(n) for n in range(${cells.length})])`,
    "lies",
  );
  assert.equal(csv.trimEnd().split("\n").length, 3);
  const hook = found.hooks.find(({ name }) => name === "lies")!;
  assert.equal(hook.status, "failed");
  assert.match(hook.reason!, /column word is declared text and was given a int \(6 times\)/);
});

Deno.test("a profiler that would end the process is an error, and a signal that comes while it runs ends vLLM", async () => {
  const profiler = `
import os, signal, sys
class Ends(Profiler):
    columns = [Column("n", int)]
    @before("part:Thing.work")
    def ahead(self, call):
        if call.argument(1, "n") == 7:
            os.kill(os.getpid(), signal.SIGTERM)
        sys.exit("enough")
    @after("part:Thing.work")
    def behind(self, call):
        self.add(call, n=call.result)
        raise type("Stop", (BaseException,), {})()
`;
  const calls = `
import signal
def ended(number, frame):
    raise SystemExit("by a signal")
signal.signal(signal.SIGTERM, ended)
assert [thing.work(n) for n in (1, 2)] == [1, 2]
try:
    thing.work(7)
    raise AssertionError("the signal was lost")
except SystemExit as error:
    assert str(error) == "by a signal"
`;
  const { record: found, csv } = await record(profiler, calls, "ends");
  assert.equal(csv.trimEnd().split("\n").length, 3);
  const reasons = found.hooks.map(({ reason }) => reason ?? "").join("\n");
  assert.match(reasons, /RuntimeError: it raised (SystemExit: enough|Stop) \(\d times\)/);
});

Deno.test("a name that is taken, and a broken file, are failed hooks, and the others go on", async () => {
  const { record: found } = await record(
    `
class First(Profiler):
    name = "forward_pass"
    columns = [Column("n", int)]
    @after("part:Thing.work")
    def worked(self, call): self.add(call, n=1)
class Second(First):
    name = "second"
`,
    "print(thing.work(1))",
    "second",
  );
  const of = (name: string) => found.hooks.filter((hook) => hook.name === name);
  assert.match(
    of("forward_pass")[0]!.reason!,
    /there is a profiler or a table forward_pass already/,
  );
  assert.deepEqual(of("second").map(({ status }) => status), ["attached"]);
});

Deno.test("names of a bundle's own tables are taken in vLLM's processes too", async () => {
  const ran = await python(
    "import json\nfrom vscope_hooks.own_profilers import TAKEN\nprint(json.dumps(sorted(TAKEN)))",
  );
  assert.deepEqual(JSON.parse(ran.stdout), Object.keys(SESSION_TABLES).sort());
});
