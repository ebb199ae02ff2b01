import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { isThere } from "../../../kit/contract/is_there.ts";
import type { StageRecord } from "../../../kit/bundle/manifest.ts";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { settleBundle } from "../../../kit/bundle/settle.ts";
import { readJournal } from "../../../kit/bundle/journal.ts";
import { JOURNAL_NAME } from "../../../kit/engine/automation/run_stages.ts";
import { RECORDED_NAME } from "../../../kit/engine/nvidia/kept_recording.ts";
import { type AutomationMachine, FEW, onAutomation } from "../../automation/on_automation.ts";
import { startVscope, vscope } from "../../cli.ts";
import { until } from "../../engine/processes.ts";
import { namesIn } from "../../folders.ts";
import { SECRET } from "../../nvidia/tool_machine.ts";

const WHOLE = {
  "nsys-record": "complete",
  "nsys-export": "complete",
  "nsys-analysis": "complete",
  report: "complete",
};

/** For a vscope in a process of its own: with our home, which has Deno's cache. */
const variables = ({ env }: AutomationMachine) => ({ ...env, HOME: Deno.env.get("HOME")! });

/** Whether the bundle is what its manifest says, and holds no secret. */
async function checkBundle(dir: string): Promise<void> {
  assert.deepEqual(await validateBundle(Deno, dir), []);
  const look = async (folder: string) => {
    for (const name of await namesIn(folder)) {
      const path = `${folder}/${name}`;
      if ((await Deno.stat(path)).isDirectory) await look(path);
      else {
        const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
        assert.ok(!text.includes(SECRET) && !text.includes("vscope-planted-"), path);
      }
    }
  };
  await look(dir);
}

Deno.test("quick records, exports, analyses and writes one page; a second run of it records nothing anew", async () => {
  await onAutomation({}, {}, async (machine) => {
    const run = await machine.run("quick");
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.deepEqual(run.stages, WHOLE);
    assert.deepEqual(run.json["kept"], []);
    assert.equal(run.json["report"], `${machine.out}/report.html`);
    assert.deepEqual(
      run.manifest!.stages![0]!.steps!.map(({ name }) => name),
      ["engine up", "warm-up", "load", "report, engine down"],
    );
    assert.ok(run.said.some((text) => /^\[2\/4\] nsys: export.*about 25s left/.test(text)));
    assert.deepEqual(await namesIn(`${machine.out}/logs`), [
      "nsys-analysis.log",
      "nsys-export.log",
      "nsys-record.log",
      "report.log",
    ]);
    await checkBundle(machine.out);
    const page = await Deno.readTextFile(`${machine.out}/report.html`);
    for (
      const part of [
        /<strong>Phases\.<\/strong> [\d.]+ ms of kernels: [^<]*prefill step/,
        /<strong>Kinds of work\.<\/strong> [^<]*decode: attention [\d.]+ %[^<]*experts [\d.]+ %/,
        /<strong>Idle\.<\/strong> No kernel ran for [\d.]+ % of the time, mostly/,
        /<h2>Findings/,
        /engine up [\d.]+ s; warm-up/,
        /href="nsys\/report\.html"/,
        /One step/,
        /Idle time by cause/,
        /fused_moe_kernel/,
      ]
    ) assert.match(page, part);
    assert.doesNotMatch(
      page.slice(page.indexOf("<main>"), page.indexOf("</main>")),
      /undefined|NaN/,
    );
    const again = await machine.run("quick", ["--resume"]);
    assert.equal(again.code, 0);
    assert.deepEqual(again.stages, WHOLE);
    assert.deepEqual(again.json["kept"], ["nsys-record", "nsys-export", "nsys-analysis"]);
    assert.equal(again.manifest!.stages![0]!.seconds, run.manifest!.stages![0]!.seconds);
    assert.deepEqual([await machine.asked("profile"), await machine.asked("export")], [1, 1]);
    await checkBundle(machine.out);
  });
});

Deno.test("a run goes on only with the options that it was begun with", async () => {
  await onAutomation({}, {}, async (machine) => {
    assert.equal((await machine.run("quick", ["--no-report"])).code, 0);
    for (
      const [recipe, args, said] of [
        ["quick", ["--seed", "7"], /begun with --seed 1, and now that is 7/],
        ["quick", ["--", "--enforce-eager"], /vLLM was given \[\], and is now given/],
        ["full", [], /it is a run of quick, and this is full/],
      ] as const
    ) {
      const run = await machine.run(recipe, [...args]);
      assert.equal(run.code, 2);
      assert.match(run.json.error!.message, said);
      assert.match(run.json.error!.message, /^Cannot go on with/);
    }
    const other = await machine.run("quick", ["--no-resume", "--grace", "5"]);
    assert.deepEqual([other.code, await machine.asked("profile")], [0, 1]);
  });
});

Deno.test("an nsys that dies, an empty range, a hang at stop, a full disk: the run says so, and goes on when that is mended", async () => {
  for (
    const [mode, server, said] of [
      [
        { dies: "at start" },
        {},
        /nsys-record: failed; .*was killed by SIGSEGV before it was ready/,
      ],
      [{ dies: "at stop" }, {}, /nsys-record: failed; .*nsys left no report; the last it said/s],
      [{}, { "no cuda": true }, /nsys-record: failed; .*no process called cudaProfilerStart/],
      [{ hangs: true }, {}, /nsys-record: failed; nsys had not written its report after 4 s/],
      [{ full: true }, {}, /nsys-record: failed; nsys left no report: the disk is full/],
    ] as const
  ) {
    await onAutomation(mode, server, async (machine) => {
      const soon = "hangs" in mode ? ["--stop-timeout", "4", "--grace", "1"] : [];
      const run = await machine.run("quick", soon);
      assert.deepEqual([run.code, run.json.status], [1, "failed"], run.said.join("\n"));
      assert.match(run.notes, said);
      assert.deepEqual(run.stages, {
        "nsys-record": "failed",
        "nsys-export": "skipped",
        "nsys-analysis": "skipped",
        report: "complete",
      });
      await checkBundle(machine.out);
      const page = await Deno.readTextFile(`${machine.out}/report.html`);
      assert.match(page, /needs what nsys-record leaves/);
      if ("no cuda" in server) return;
      await machine.become({});
      const next = await machine.run("quick");
      assert.deepEqual([next.code, next.stages], [0, WHOLE], next.said.join("\n"));
      assert.equal(next.manifest!.notes.length, 0);
      await checkBundle(machine.out);
    });
  }
});

Deno.test("an export that fails is done again from the same recording", async () => {
  await onAutomation({ "export fails": "importer: out of memory" }, {}, async (machine) => {
    const run = await machine.run("quick");
    assert.deepEqual([run.code, run.json.status], [1, "partial"]);
    assert.match(run.notes, /Stage nsys-export: \w+; .*importer: out of memory/);
    assert.equal(run.stages["nsys-analysis"], "skipped");
    await machine.become({});
    const next = await machine.run("quick");
    assert.deepEqual([next.code, next.stages], [0, WHOLE], next.said.join("\n"));
    assert.equal(await machine.asked("profile"), 1);
    await checkBundle(machine.out);
  });
});

/** What a writer of SQLite leaves that is killed within a transaction: half a database, and its journal. */
async function leaveHalfAnExport(path: string): Promise<void> {
  const database = new DatabaseSync(`${path}.other`);
  database.exec("PRAGMA cache_size = 2; CREATE TABLE t (text TEXT)");
  database.exec(
    "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) SELECT hex(randomblob(2000)) FROM n",
  );
  database.exec("BEGIN; UPDATE t SET text = upper(text) || '.'");
  await Deno.copyFile(`${path}.other`, path);
  await Deno.copyFile(`${path}.other-journal`, `${path}-journal`);
  database.exec("ROLLBACK");
  database.close();
  await Deno.remove(`${path}.other`);
}

Deno.test("what an export left that was killed does not get into the next one", async () => {
  await onAutomation({ "export fails": "killed" }, {}, async (machine) => {
    await machine.run("quick");
    await leaveHalfAnExport(`${machine.out}/nsys/rep.sqlite`);
    await machine.become({});
    const next = await machine.run("quick");
    assert.deepEqual([next.code, next.stages], [0, WHOLE], next.said.join("\n"));
    await checkBundle(machine.out);
  });
});

Deno.test("full with ncu: what ncu cannot measure keeps nsys as it is, and is all that a second run does", async () => {
  await onAutomation({}, {}, async (machine) => {
    const { dir, out } = machine;
    await Deno.writeTextFile(`${dir}/ncu/mode.json`, '{"permission": true}');
    const run = await machine.run("full", ["--with-ncu"]);
    assert.deepEqual([run.code, run.json.status], [1, "partial"], run.said.join("\n"));
    const after = { ...WHOLE, moe: "unneeded" };
    assert.deepEqual(run.stages, { ...after, "ncu-measure": "failed", "ncu-tables": "skipped" });
    assert.match(run.notes, /Stage ncu-measure: failed; .*ERR_NVGPUCTRPERM/);
    assert.match(
      run.manifest!.stages!.find(({ name }) => name === "moe")!.reason!,
      /config\.json has no experts/,
    );
    await Deno.writeTextFile(`${dir}/ncu/mode.json`, "{}");
    const next = await machine.run("full", ["--with-ncu"]);
    assert.equal(next.code, 0, next.said.join("\n"));
    assert.deepEqual(next.stages, {
      ...after,
      "ncu-measure": "complete",
      "ncu-tables": "complete",
    });
    assert.deepEqual([await machine.asked("profile"), await machine.measured()], [1, 2]);
    const page = await Deno.readTextFile(`${out}/report.html`);
    for (const part of ["<strong>Bandwidth.</strong>", 'id="roofline"', 'href="ncu/report.html"']) {
      assert.ok(page.includes(part), part);
    }
    await checkBundle(out);
    const again = await machine.run("full", ["--with-ncu"]);
    assert.deepEqual([again.code, await machine.measured()], [0, 2]);
  });
});

Deno.test("experts that cannot be counted leave the rest complete; ncu that is missing is told before anything starts", async () => {
  await onAutomation({}, {}, async (machine) => {
    // The hooks run in what vscope starts: it has to be a process of its own.
    const run = await vscope(
      ["full", "--moe", "--json", "--out", machine.out, "--model", machine.model].concat(
        ["--load-format", "dummy", ...FEW],
      ),
      { env: variables(machine) },
    );
    assert.equal(run.code, 1, run.stderr);
    const { status, stages, notes } = JSON.parse(run.stdout);
    assert.equal(status, "partial");
    assert.match(
      JSON.stringify(notes),
      /Stage moe: \w+; .*No router of a mixture-of-experts layer/,
    );
    for (const { name, status } of stages as StageRecord[]) {
      assert.equal(status === "complete", name !== "moe", name);
    }
    assert.deepEqual(await validateBundle(Deno, machine.out), []);
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await Deno.writeTextFile(`${machine.dir}/prompts.jsonl`, "no JSON");
    for (
      const [args, said] of [
        [["--", "--port", String(taken.addr.port)], /port \d+ is taken by another process/],
        [["--prompts", `${machine.dir}/prompts.jsonl`], /prompts\.jsonl/],
      ] as const
    ) {
      const refused = await machine.run("full", [...args], { out: `${machine.dir}/other` });
      assert.equal(refused.code, 2);
      assert.match(refused.json.error!.message, said);
    }
    await Deno.remove(`${machine.dir}/ncu/bin/ncu`);
    const refused = await machine.run("full", ["--with-ncu"], { out: `${machine.dir}/other` });
    assert.equal(refused.code, 2);
    assert.match(refused.json.error!.message, /no ncu on PATH; install NVIDIA Nsight Compute/);
    assert.ok(!(await namesIn(machine.dir)).includes("other"));
  });
});

Deno.test("Ctrl-C ends the run in order, and the same command goes on with it", async () => {
  await onAutomation({}, { hangs: true }, async (machine) => {
    const ctrlC = new AbortController();
    const running = machine.run("quick", ["--grace", "60"], { ctrlC });
    const log = `${machine.out}/nsys/logs/stdout.log`;
    await until(
      "nsys records",
      120_000,
      async () => (await Deno.readTextFile(log).catch(() => "")).includes("Capture range started"),
    );
    ctrlC.abort("SIGINT");
    const run = await running;
    assert.deepEqual([run.code, run.json.status], [130, "interrupted"], run.said.join("\n"));
    assert.equal(run.stages["nsys-export"], undefined);
    await Deno.writeTextFile(`${machine.dir}/nsys/bin/server.json`, "{}");
    const next = await machine.run("quick", ["--grace", "60"]);
    assert.deepEqual([next.code, next.stages], [0, WHOLE], next.said.join("\n"));
  });
});

/** Runs `vscope quick` as a process of its own, and kills it when `point` has come. */
async function killedAt(
  machine: AutomationMachine,
  point: () => Promise<boolean>,
): Promise<{ had: boolean }> {
  const child = startVscope(
    ["quick", "--quiet", "--out", machine.out, "--model", machine.model].concat(
      ["--load-format", "dummy", ...FEW],
    ),
    { env: variables(machine) },
  );
  let over = false;
  child.status.then(() => over = true);
  const end = Date.now() + 300_000;
  while (!over && !await point()) {
    if (Date.now() > end) throw new Error("the point did not come");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  if (!over) child.kill("SIGKILL");
  await child.output();
  return { had: await has(`${machine.out}/nsys/${RECORDED_NAME}`) };
}

const has = (path: string) => isThere(Deno, path);

Deno.test("a vscope that is killed outright at any point has a run that goes on, and records once", async () => {
  const told = (out: string, event: string, stage: string) => async () => {
    const { entries } = await readJournal(Deno, `${out}/${JOURNAL_NAME}`);
    return entries.some((entry) => entry.event === event && entry["stage"] === stage);
  };
  const points: ((out: string) => () => Promise<boolean>)[] = [
    (out) => () => has(out),
    (out) => told(out, "begin", "nsys-record"),
    (out) => () => has(`${out}/nsys/rep.nsys-rep`),
    (out) => () => has(`${out}/nsys/${RECORDED_NAME}`),
    (out) => () => has(`${out}/nsys/rep.sqlite`),
    (out) => told(out, "end", "nsys-export"),
    (out) => () => has(`${out}/nsys/analysis.json`),
    (out) => () => has(`${out}/nsys/report.html`),
  ];
  for (const [place, point] of points.entries()) {
    await onAutomation({}, {}, async (machine) => {
      const { out } = machine;
      const { had } = await killedAt(machine, point(out));
      const recorded = had || await has(`${out}/nsys/rep.sqlite`);
      // Whoever looks at it first closes it: that it goes on does not depend on that.
      if (place % 2 === 0 && await has(`${out}/bundle.json`)) await settleBundle(Deno, out);
      const run = await machine.run("quick");
      assert.deepEqual([run.code, run.stages], [0, WHOLE], `${point}\n${run.said.join("\n")}`);
      if (recorded) assert.equal(await machine.asked("profile"), 1, String(point));
      assert.deepEqual(run.manifest!.notes, []);
      await checkBundle(out);
    });
  }
});

Deno.test("two vscopes do not work on one run at a time", async () => {
  const starts = await Deno.makeTempFile({ prefix: "vscope-test-" });
  await Deno.remove(starts);
  await onAutomation({}, { "starts with": starts }, async (machine) => {
    const child = startVscope(
      ["quick", "--quiet", "--out", machine.out, "--model", machine.model].concat(
        ["--load-format", "dummy", ...FEW],
      ),
      { env: variables(machine) },
    );
    await until("it has begun", 120_000, () => has(`${machine.out}/nsys/bundle.json`));
    const run = await machine.run("quick");
    assert.equal(run.code, 2);
    assert.match(run.json.error!.message, /the vscope with pid \d+ works on it/);
    await Deno.writeTextFile(starts, "");
    const { code } = await child.output();
    await Deno.remove(starts);
    assert.equal(code, 0);
    assert.equal(await machine.asked("profile"), 1);
  });
});
