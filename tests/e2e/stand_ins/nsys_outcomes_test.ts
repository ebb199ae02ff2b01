import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { until } from "../../engine/processes.ts";
import { namesIn } from "../../folders.ts";
import { type NsysMachine, type NsysRun, onNsys } from "../../nsys/on_nsys.ts";
import { assertRefused } from "../../nvidia/refused.ts";
import { SECRET } from "../../nvidia/tool_machine.ts";

const FEW = ["--requests", "4", "--concurrency", "2", "--prompt-tokens", "8"];

/** Whether any file of the bundle holds a text. */
async function holders(dir: string, text: string): Promise<string[]> {
  const found: string[] = [];
  const look = async (folder: string) => {
    for (const name of await namesIn(folder)) {
      const path = `${folder}/${name}`;
      if ((await Deno.stat(path)).isDirectory) await look(path);
      else {
        const bytes = await Deno.readFile(path);
        if (new TextDecoder("latin1").decode(bytes).includes(text)) found.push(name);
      }
    }
  };
  await look(dir);
  return found;
}

const profileOf = async (machine: NsysMachine) =>
  (await machine.calls()).find(({ argv }) => argv[0] === "profile")!;

function rows(path: string, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

Deno.test("a server is recorded between the profiler's start and stop, and leaves export, analysis and page", async () => {
  await onNsys({}, {}, async (machine) => {
    const { dir, out, port, serve } = machine;
    const run = await machine.run([...FEW, "--", ...serve]);
    assert.equal(run.code, 0, run.said.join("\n"));
    const { argv, env } = await profileOf(machine);
    assert.deepEqual(argv.slice(2), [
      `--output=${out}/rep`,
      "--trace=cuda,nvtx",
      "--sample=none",
      "--cpuctxsw=none",
      "--trace-fork-before-exec=true",
      "--cuda-graph-trace=node",
      "--capture-range=cudaProfilerApi",
      "--capture-range-end=stop",
      "--kill=none",
      "--wait=primary",
      ...serve,
      "--profiler-config.profiler=cuda",
    ]);
    assert.deepEqual(
      [env["VLLM_WORKER_MULTIPROC_METHOD"], env["HF_TOKEN"], env["MY_DATABASE"]],
      ["spawn", undefined, undefined],
    );
    assert.equal(run.capture.window.ended, "the load was answered");
    assert.equal(run.manifest!.engine["model"], "Fake/1B");
    const analysis = JSON.parse(await Deno.readTextFile(`${out}/analysis.json`));
    assert.equal(analysis.gpu.kernel_count, 1216);
    assert.deepEqual(await validateBundle(Deno, out), []);
    const page = await Deno.readTextFile(`${out}/report.html`);
    assert.match(page, /Begun and ended by[^]*over HTTP[^]*the load was answered/);
    assert.match(page, /3 variables were kept from the command/);
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
    await assert.rejects(fetch(`http://127.0.0.1:${port}/health`));
    assert.deepEqual(await namesIn(`${dir}/nsys/sessions`), []);
  });
});

Deno.test("environments are in the report of nsys, and in no file that is kept", async () => {
  await onNsys({}, {}, async (machine) => {
    // Another process of this user has a secret, too: nsys reads the environments of all.
    const run = await machine.run([...FEW, "--", ...machine.serve]);
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.equal(run.capture.report, undefined);
    assert.match(
      run.notes,
      /\.nsys-rep is not kept.*planted in the environment of another process/,
    );
    assert.deepEqual(run.capture.secrets!.found_in_report, [
      "the secret planted in the environment of another process",
    ]);
    assert.equal(run.capture.secrets!.variables_left_behind, 3);
    assert.ok((await namesIn(machine.out)).every((name) => !name.endsWith(".nsys-rep")));
    assert.deepEqual(await holders(machine.out, "vscope-planted-"), []);
    const sqlite = `${machine.out}/rep.sqlite`;
    assert.deepEqual(rows(sqlite, "SELECT * FROM META_DATA_CAPTURE").map(({ name }) => name), [
      "PROCESS_0:COLLECT_CUDA_TRACE",
    ]);
    assert.deepEqual(
      rows(sqlite, "SELECT name FROM TARGET_INFO_SYSTEM_ENV").map(({ name }) => name),
      ["CpuCores"],
    );
    const removed = run.capture.secrets!.removed_from_sqlite;
    assert.equal(removed["TARGET_INFO_SYSTEM_ENV"], 1);
    assert.ok(removed["StringIds"]! > 1, JSON.stringify(removed));
  });
});

Deno.test("the report is kept where nothing was found in it, and with --keep-rep also where something was", async () => {
  await onNsys({ "reads others": false }, {}, async (machine) => {
    const run = await machine.run([...FEW, "--", ...machine.serve]);
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.deepEqual(run.capture.secrets!.found_in_report, []);
    assert.equal(run.json["open_with"], `nsys-ui ${machine.out}/rep.nsys-rep`);
    assert.deepEqual(await holders(machine.out, SECRET), []);
  });
  await onNsys({}, {}, async (machine) => {
    const run = await machine.run([...FEW, "--keep-rep", "--", ...machine.serve]);
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.equal(run.capture.report, "rep.nsys-rep");
    assert.match(run.notes, /rep\.nsys-rep holds environments.*do not pass it on/);
  });
  // A secret that is let pass is found, and told by its name alone.
  await onNsys({ "reads others": false }, {}, async (machine) => {
    const run = await machine.run([...FEW, "--pass-env", "HF_TOKEN", "--", ...machine.serve]);
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.equal((await profileOf(machine)).env["HF_TOKEN"], SECRET);
    assert.deepEqual(run.capture.secrets!.found_in_report, ["the value of HF_TOKEN"]);
    // Nor is it in the log, in which the server tells its environment.
    assert.deepEqual(await holders(machine.out, SECRET), []);
  });
});

Deno.test("the clock of nsys ends the server, as planned, and the run is complete", async () => {
  await onNsys({}, {}, async (machine) => {
    const run = await machine.run([
      ...["--delay", "1", "--duration", "8", ...FEW, "--", ...machine.serve],
    ]);
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.equal(run.manifest!.processes[0]!.exit_code, 143);
    assert.equal(run.capture.window.ended, "the seconds had passed");
    const { argv } = await profileOf(machine);
    assert.deepEqual(argv.slice(8, 12), [
      "--delay=1",
      "--duration=8",
      "--kill=sigterm",
      "--wait=primary",
    ]);
    assert.ok(!argv.some((word) => /capture-range|profiler/.test(word)));
    // The load came after the beginning of the recording.
    assert.equal(
      JSON.parse(await Deno.readTextFile(`${machine.out}/client_requests.json`)).length,
      4,
    );
  });
  await onNsys({}, { "start seconds": 3600 }, async (machine) => {
    const run = await machine.run(["--duration", "1", "--", ...machine.serve]);
    assert.deepEqual([run.code, run.json.status], [1, "partial"]);
    assert.match(run.notes, /over \d+ s after the start, before the server was ready.*--delay/);
  });
});

Deno.test("--keep-serving ends only the recording; Ctrl-C then ends the server, and the run is complete", async () => {
  for (const clock of [[], ["--duration", "8"]]) {
    await onNsys({}, {}, async (machine) => {
      const [ctrlC, said] = [new AbortController(), [] as string[]];
      const running = machine.run(["--keep-serving", ...clock, ...FEW, "--", ...machine.serve], {
        ctrlC,
        said,
      });
      const health = `http://127.0.0.1:${machine.port}/health`;
      await until("it serves on", 120_000, () => said.some((text) => /goes on until/.test(text)));
      assert.ok((await namesIn(machine.out)).includes("analysis.json"));
      const response = await fetch(health);
      await response.body?.cancel();
      ctrlC.abort("SIGINT");
      const run = await running;
      assert.equal(run.code, 0, run.said.join("\n"));
      assert.equal(run.json.status, "complete");
      assert.ok((await profileOf(machine)).argv.includes("--kill=none"));
      await assert.rejects(fetch(health));
    });
  }
});

Deno.test("nsys stop from another terminal ends the recording, and the run goes on to its tables", async () => {
  await onNsys({}, {}, async (machine) => {
    const said: string[] = [];
    const running = machine.run(["--delay", "0", "--no-load", "--", ...machine.serve], { said });
    await machine.printed("Collecting");
    // It knows by now that the server is ready.
    const told = /^Recording until Ctrl-C, or until: vscope nsys stop vscope-\d+$/;
    await until("it says how to end it", 120_000, () => said.some((text) => told.test(text)));
    const stopped = await machine.stop();
    assert.equal(stopped.code, 0, stopped.said.join("\n"));
    assert.deepEqual(stopped.json["reports"], [`${machine.out}/rep.nsys-rep`]);
    assert.match(stopped.said.join("\n"), /session vscope-\d+ \(\d+\): Collection, for 00:05/);
    const run = await running;
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.equal(run.capture.window.ended, "nsys stop ended it");
    const again = await machine.stop();
    assert.equal(again.code, 2);
    assert.match(again.json.error!.message, /Cannot run nsys stop: nsys has no session/);
  });
});

/** Runs on a machine where something goes wrong. */
async function trouble(
  mode: Record<string, unknown>,
  server: Record<string, unknown>,
  args: string[],
  check: (run: NsysRun, machine: NsysMachine) => void | Promise<void>,
): Promise<void> {
  await onNsys(mode, server, async (machine) => {
    await check(await machine.run([...FEW, ...args, "--", ...machine.serve]), machine);
  });
}

const outcome = ({ code, json }: NsysRun) => [code, json.status];

Deno.test("an nsys that dies, an empty range, a full disk: each is told with its reason", async () => {
  await trouble({ dies: "at start" }, {}, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /was killed by SIGSEGV before it was ready/);
  });
  await trouble({ dies: "at stop" }, {}, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /nsys left no report; the last it said:[^]*Capture range ended/);
  });
  await trouble({}, { "no cuda": true }, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /no process called cudaProfilerStart/);
  });
  await trouble({ full: true }, {}, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /the disk is full; nsys needs room in TMPDIR/);
  });
  await trouble({ unknown: ["cuda-graph-trace"] }, {}, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /nsys 2025\.3\.1\.90 does not know the option --cuda-graph-trace/);
  });
  await trouble({}, { dies: true }, ["--duration", "30"], (run) => {
    assert.equal(run.code, 1);
    assert.match(run.notes, /before it was ready[^]*no GPU here/);
  });
  await trouble({}, { dies: true }, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /before it was ready[^]*no GPU here/);
  });
});

Deno.test("an nsys that hangs at its stop is given up after --stop-timeout, and nothing is left running", async () => {
  await trouble(
    { hangs: true },
    {},
    ["--stop-timeout", "4", "--grace", "1"],
    async (run, machine) => {
      assert.deepEqual(outcome(run), [1, "failed"]);
      assert.match(run.notes, /had not written its report after 4 s.*--stop-timeout/);
      await assert.rejects(fetch(`http://127.0.0.1:${machine.port}/health`));
    },
  );
});

Deno.test("an export that fails, is cut or has no importer keeps the report, and says what to do", async () => {
  const lacks = "QdstrmImporter: error while loading shared libraries: libdw.so.1: cannot open " +
    "shared object file: No such file or directory";
  await trouble({ "export fails": lacks }, {}, [], (run) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /lacks libdw\.so\.1: install it.*libdw1 libelf1/);
    assert.equal(run.capture.report, "rep.nsys-rep");
    assert.match(run.notes, /is kept because it could not be exported/);
  });
  await trouble({ "export cut": true }, {}, [], async (run, { out }) => {
    assert.deepEqual(outcome(run), [1, "failed"]);
    assert.match(run.notes, /Cannot take environments out/);
    assert.ok(!(await namesIn(out)).includes("rep.sqlite"));
  });
  await trouble({ importer: false }, {}, [], (run) => {
    assert.match(run.notes, /has no importer: what it recorded is .*rep\.qdstrm/);
  });
});

Deno.test("Ctrl-C while it records ends the recording in order, and keeps it", async () => {
  await onNsys({}, { hangs: true }, async (machine) => {
    const ctrlC = new AbortController();
    const running = machine.run([...FEW, "--grace", "60", "--", ...machine.serve], { ctrlC });
    await machine.printed("Capture range started");
    ctrlC.abort("SIGINT");
    const run = await running;
    assert.deepEqual([run.code, run.json.status], [130, "interrupted"], run.said.join("\n"));
    assert.equal(run.capture.window.ended, "it was interrupted");
    assert.equal(run.capture.sqlite, "rep.sqlite");
    await assert.rejects(fetch(`http://127.0.0.1:${machine.port}/health`));
  });
});

Deno.test("no nsys, a wrong one and a program that is not there are bad input, and nothing is started", async () => {
  await onNsys({}, {}, async (machine) => {
    await assertRefused(machine, "nsys", /no nsys on PATH; install NVIDIA Nsight Systems/);
  });
});
