import assert from "node:assert/strict";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { namesIn } from "../../folders.ts";
import { launchesToHandOver } from "../../ncu/recorded_table.ts";
import { type NcuMachine, type NcuRun, onNcu } from "../../ncu/on_ncu.ts";
import { assertRefused } from "../../nvidia/refused.ts";
import { SECRET } from "../../nvidia/tool_machine.ts";

const FEW = ["--requests", "4", "--concurrency", "2", "--prompt-tokens", "8"];

const launches = await launchesToHandOver();
const analysisOf = async ({ out }: NcuMachine) =>
  JSON.parse(await Deno.readTextFile(`${out}/analysis.json`));
const measureOf = async (machine: NcuMachine) =>
  (await machine.calls()).find(({ argv }) => argv[0] === "--export")!;
const outcome = ({ code, json }: NcuRun) => [code, json.status];
const gone = (machine: NcuMachine) =>
  assert.rejects(fetch(`http://127.0.0.1:${machine.port}/health`));

/** Files of the bundle that hold a text. */
async function holders(dir: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (
    const name of [
      ...await namesIn(dir),
      ...(await namesIn(`${dir}/logs`)).map((n) => `logs/${n}`),
    ]
  ) {
    if ((await Deno.stat(`${dir}/${name}`)).isDirectory) continue;
    const bytes = await Deno.readFile(`${dir}/${name}`);
    if (new TextDecoder("latin1").decode(bytes).includes(text)) found.push(name);
  }
  return found;
}

Deno.test("a server is measured between the profiler's start and stop, and leaves table, analysis and page", async () => {
  await onNcu({}, {}, async (machine) => {
    const { out, serve } = machine;
    const run = await machine.run([...FEW, "--", ...serve]);
    assert.equal(run.code, 0, run.said.join("\n"));
    const { argv, env } = await measureOf(machine);
    assert.deepEqual(argv.slice(argv.indexOf("vllm")), [
      ...serve,
      "--enforce-eager",
      ...["--kv-cache-memory-bytes", "1073741824", "--max-model-len", "auto"],
      "--profiler-config.profiler=cuda",
    ]);
    assert.deepEqual(
      [env["VLLM_WORKER_MULTIPROC_METHOD"], env["HF_TOKEN"], env["MY_DATABASE"]],
      ["spawn", undefined, undefined],
    );
    const analysis = await analysisOf(machine);
    const expected = launches.slice(0, 60);
    assert.deepEqual(
      analysis.ncu_kernels.map(({ name }: { name: string }) => name),
      expected.map(({ name }) => name),
    );
    assert.equal(run.capture.kernels.measured, expected.length);
    assert.equal(run.capture.window.ended, "the load was answered");
    assert.equal(run.manifest!.engine["model"], "Fake/1B");
    assert.deepEqual(await validateBundle(Deno, out), []);
    const page = await Deno.readTextFile(`${out}/report.html`);
    assert.match(page, /Measuring[^]*Launches measured[^]*kv_cache_memory_bytes 1073741824/);
    assert.doesNotMatch(
      page.slice(page.indexOf("<main>"), page.indexOf("</main>")),
      /undefined|\[object/,
    );
    // On the wire: one and then two to warm up, the start, the load, the stop.
    const log = await Deno.readTextFile(`${out}/logs/stdout.log`);
    const posts = [...log.matchAll(/POST \/(?:v1\/)?(\w+)/g)].map(([, path]) => path);
    assert.deepEqual(posts.filter((path) => path !== "tokenize"), [
      ...Array(3).fill("completions"),
      "start_profile",
      ...Array(4).fill("completions"),
      "stop_profile",
    ]);
    await gone(machine);
  });
});

Deno.test("chosen kinds of work are measured; what the expression matches besides is left out, and told", async () => {
  await onNcu({}, {}, async (machine) => {
    const run = await machine.run([
      ...[...FEW, "--category", "ffn,memory", "--skip", "1", "--count", "19"],
      ...["--", ...machine.serve],
    ]);
    assert.equal(run.code, 0, run.said.join("\n"));
    const { ncu_kernels: rows } = await analysisOf(machine);
    for (const { category } of rows) assert.match(category, /^(ffn|memory)$/);
    // FlashAttention is a kernel of CUTLASS, and an embedding is gathered: the expression has both.
    assert.deepEqual(run.capture.kernels.left_out, { attention: 2, embedding: 1 });
    assert.equal(rows.length + 3, 19);
    assert.match(run.notes, /left out of the analysis: .*2 of attention.*; they are in raw\.csv/);
    assert.match(await Deno.readTextFile(`${machine.out}/raw.csv`), /flash::FlashAttnFwdSm90/);
  });
  // By name, as it is.
  await onNcu({}, {}, async (machine) => {
    const run = await machine.run([...FEW, "--kernels", "rms_norm", "--", ...machine.serve]);
    assert.equal(run.code, 0, run.said.join("\n"));
    const wanted = launches.filter(({ name }) => name.includes("rms_norm"));
    assert.equal((await analysisOf(machine)).ncu_kernels.length, wanted.length);
  });
});

Deno.test("when the launches are measured the load is broken off; so it is when the seconds have passed", async () => {
  await onNcu({}, { hangs: true }, async (machine) => {
    const run = await machine.run([...FEW, "--count", "3", "--", ...machine.serve]);
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.equal(run.capture.window.ended, "the launches were measured");
    assert.equal((await analysisOf(machine)).ncu_kernels.length, 3);
  });
  const slow = { slow: true, "seconds a launch": 0.5 };
  await onNcu(slow, { hangs: true }, async (machine) => {
    const run = await machine.run([...FEW, "--max-seconds", "4", "--", ...machine.serve]);
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.equal(run.capture.window.ended, "the seconds had passed");
    const { ncu_kernels: rows } = await analysisOf(machine);
    assert.ok(rows.length > 0 && rows.length < launches.length, `${rows.length} launches`);
  });
});

Deno.test("a report with environments in it is not kept, however it is packed; --keep-rep keeps it, with a warning", async () => {
  for (const place of ["environment", "hidden"]) {
    await onNcu({ "stores environments": place }, {}, async (machine) => {
      const run = await machine.run([...FEW, "--", ...machine.serve]);
      assert.equal(run.code, 0, run.said.join("\n"));
      assert.match(run.notes, /The \.ncu-rep is not kept.*environment of another process/);
      assert.deepEqual(run.capture.secrets!.found_in_report, [
        "the secret planted in the environment of another process",
      ]);
      assert.equal(run.capture.report, undefined);
      assert.ok(!(await namesIn(machine.out)).includes("rep.ncu-rep"));
      assert.deepEqual(await holders(machine.out, "vscope-planted-"), []);
    });
  }
  await onNcu({ "stores environments": "environment" }, {}, async (machine) => {
    const run = await machine.run([...FEW, "--keep-rep", "--", ...machine.serve]);
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.equal(run.capture.report, "rep.ncu-rep");
    assert.match(run.notes, /rep\.ncu-rep holds environments.*do not pass it on/);
  });
  await onNcu({}, {}, async (machine) => {
    const run = await machine.run([...FEW, "--", ...machine.serve]);
    assert.deepEqual(run.capture.secrets!.found_in_report, []);
    assert.equal(run.json["open_with"], `ncu-ui ${machine.out}/rep.ncu-rep`);
    assert.deepEqual(await holders(machine.out, SECRET), []);
  });
});

/** Runs on a machine where something goes wrong. */
async function trouble(
  mode: Record<string, unknown>,
  args: string[],
  check: (run: NcuRun, machine: NcuMachine) => void | Promise<void>,
  server: Record<string, unknown> = {},
): Promise<void> {
  await onNcu(mode, server, async (machine) => {
    const run = await machine.run([...FEW, ...args, "--", ...machine.serve]);
    await check(run, machine);
    await gone(machine);
  });
}

Deno.test("where ncu cannot measure, the run ends at once and says what to do", async () => {
  const cases: [string, string[], RegExp][] = [
    ["permission", [], /performance counters \(ERR_NVGPUCTRPERM\): run vscope as root/],
    ["busy", [], /Something else holds the GPU's performance counters, such as DCGM/],
    ["unsupported", [], /ncu does not support this GPU/],
  ];
  for (const [name, args, message] of cases) {
    // The load would take a minute.
    await trouble({ [name]: true }, args, (run) => {
      assert.deepEqual(outcome(run), [1, "failed"]);
      assert.match(run.notes, message);
      assert.equal(run.capture.window.ended, "ncu could not measure");
      assert.doesNotMatch(run.notes, /requests failed|measured nothing/);
    }, { hangs: true });
  }
  await trouble({ clocks: false }, ["--clock-control", "base"], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /could not lock the GPU's clocks.*leave out --clock-control base/);
  }, { hangs: true });
  await trouble({ strange: true }, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /ncu left no report; it says: .*the moon is full/);
  });
});

Deno.test("no kernel of that name, no kernel at all, an option that ncu lacks: each is told", async () => {
  await trouble({}, ["--kernels", "no_such_kernel"], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(
      run.notes,
      /measured nothing: of the kernels that ran, none is one of kernels like no_such_kernel; there ran/,
    );
  });
  await trouble({}, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(
      run.notes,
      /measured nothing: no kernel ran between the profiler's start and stop/,
    );
  }, { "no cuda": true });
  await trouble({ unknown: ["filter-mode"] }, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /ncu 2025\.3\.1\.0 does not know the option --filter-mode/);
  });
  await trouble({}, ["--sections", "Nonsense"], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /ncu left no report; it says: .*'Nonsense'.*'--section' is invalid/);
  });
});

Deno.test("an ncu that dies, a full disk, a server that dies: each is told with its reason", async () => {
  await trouble({ dies: "at start" }, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /was killed by SIGSEGV before it was ready/);
  });
  await trouble({ dies: "at stop" }, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /ncu was killed by SIGSEGV; the last it said/);
  });
  await trouble({ full: true }, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /The disk is full: ncu needs room in TMPDIR/);
  });
  await trouble({}, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /before it was ready[^]*no GPU here/);
    assert.doesNotMatch(run.notes, /measured nothing/);
  }, { dies: true });
});

Deno.test("an ncu that hangs at its end is given up after --stop-timeout, and nothing is left running", async () => {
  await trouble({ hangs: true }, ["--stop-timeout", "4", "--grace", "1"], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /ncu had not ended with its target after 4 s.*--stop-timeout/);
  });
});

Deno.test("a table that is empty, cut or not printed keeps the report, and says what was wrong", async () => {
  await trouble({ "import empty": true }, [], async (run, { out }) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /ncu printed no table of rep\.ncu-rep/);
    assert.ok(!(await namesIn(out)).includes("raw.csv"));
    assert.equal(run.capture.report, "rep.ncu-rep");
  });
  await trouble({ "import fails": "Failed to load report." }, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /--import" ended with exit code 1 \(==ERROR== Failed to load report/);
  });
  await trouble({ "import hangs": true }, ["--count", "1", "--stop-timeout", "8"], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /Cannot print the report: ncu was not done after 8 s/);
  });
  await trouble({ "import cut": true }, [], (run) => {
    assert.deepEqual(outcome(run), [1, "partial"]);
    assert.match(run.notes, /The table has \d+ of the \d+ launches that ncu measured/);
    assert.equal(run.capture.report, "rep.ncu-rep");
  });
});

Deno.test("Ctrl-C while it measures ends the server in order, and keeps what was measured", async () => {
  await onNcu({}, { hangs: true }, async (machine) => {
    const ctrlC = new AbortController();
    const running = machine.run([...FEW, "--grace", "60", "--", ...machine.serve], { ctrlC });
    await machine.printed("==PROF== Profiling");
    ctrlC.abort("SIGINT");
    const run = await running;
    assert.deepEqual(outcome(run), [130, "interrupted"], run.said.join("\n"));
    assert.equal(run.capture.window.ended, "it was interrupted");
    assert.equal(run.capture.table, "raw.csv");
    await gone(machine);
  });
});

Deno.test("no ncu, a wrong one and a program that is not there are bad input, and nothing is started", async () => {
  await onNcu({}, {}, async (machine) => {
    await assertRefused(machine, "ncu", /no ncu on PATH; install NVIDIA Nsight Compute/);
  });
});
