import assert from "node:assert/strict";
import type { FileSystem, RunContext } from "../../kit/contract/context.ts";
import { RunError } from "../../kit/contract/errors.ts";
import { isThere } from "../../kit/contract/is_there.ts";
import { readJournal } from "../../kit/bundle/journal.ts";
import type { StageRecord } from "../../kit/bundle/manifest.ts";
import { JOURNAL_NAME, runStages } from "../../kit/engine/automation/run_stages.ts";
import type { Stage, StageEnd } from "../../kit/engine/automation/stage.ts";
import { leftText, TimeLeft } from "../../kit/engine/automation/time_left.ts";
import { inFolder } from "../folders.ts";

/** A stage that leaves a file, and what it did. */
interface Made extends Stage {
  runs: number;
}

const NEVER = new AbortController().signal;

function made(dir: string, name: string, more: Partial<Stage> = {}): Made {
  const stage: Made = {
    name,
    title: `the work of ${name}`,
    seconds: 10,
    diskBytes: 0,
    startsEngine: false,
    needs: [],
    processes: [],
    files: [],
    runs: 0,
    done: () => isThere(Deno, `${dir}/${name}.out`),
    run: () => Promise.resolve({ status: "complete" }),
    ...more,
  };
  const { run } = stage;
  stage.run = async (context): Promise<StageEnd> => {
    stage.runs++;
    const end = await run(context);
    if (end.status === "complete" || end.status === "partial") {
      await Deno.writeTextFile(`${dir}/${name}.out`, "");
    }
    return end;
  };
  return stage;
}

/** A context whose clock stands still, but for what stages add to it. */
function contextIn(
  said: string[],
  { signal = NEVER, files = Deno as FileSystem, passes = { ms: 0 } } = {},
): RunContext {
  const say = (text: string) => void said.push(text);
  return {
    clock: { now: () => new Date(0), monotonicMs: () => passes.ms, sleep: () => Promise.resolve() },
    env: {},
    cwd: "/",
    files,
    processes: undefined as unknown as RunContext["processes"],
    output: {
      result: say,
      note: say,
      warn: say,
      error: say,
      detail: () => {},
      progress: say,
      color: false,
    },
    signal,
  };
}

async function run(
  dir: string,
  stages: readonly Stage[],
  context = contextIn([]),
): Promise<{ records: StageRecord[]; kept: string[]; statuses: (string | undefined)[] }> {
  await Deno.mkdir(`${dir}/logs`, { recursive: true });
  const ran = await runStages(context, stages, { out: dir, changed: () => Promise.resolve() });
  return { ...ran, statuses: ran.records.map(({ status }) => status) };
}

Deno.test("a stage that fails keeps those from their work that need it, and no other", async () => {
  await inFolder(async (dir) => {
    let broken = true;
    const stages = [
      made(dir, "record", {
        run: () => {
          if (broken) throw new RunError("no GPU here");
          return Promise.resolve({ status: "complete" });
        },
      }),
      made(dir, "export", { needs: ["record"] }),
      made(dir, "experts"),
      made(dir, "kernels", { run: () => Promise.reject(new TypeError("x is undefined")) }),
      made(dir, "pages", { needed: () => Promise.resolve({ needed: false, why: "nobody asked" }) }),
    ];
    const first = await run(dir, stages);
    assert.deepEqual(first.statuses, ["failed", "skipped", "complete", "failed", "unneeded"]);
    assert.deepEqual(first.records.map(({ reason }) => reason), [
      "no GPU here",
      "needs what record leaves",
      undefined,
      "vscope itself failed: x is undefined",
      "nobody asked",
    ]);
    broken = false;
    const second = await run(dir, stages);
    assert.deepEqual(second.statuses.slice(0, 3), ["complete", "complete", "complete"]);
    assert.deepEqual(stages.map(({ runs }) => runs), [2, 1, 1, 2, 0]);
    assert.deepEqual(second.kept, ["experts"]);
  });
});

Deno.test("what is done is not done again, wherever its journal was cut; times and steps are remembered", async () => {
  await inFolder(async (dir) => {
    const passes = { ms: 0 };
    const steps = [{ name: "engine up", seconds: 3 }];
    const of = () => [
      made(dir, "record", {
        run: () => {
          passes.ms += 4000;
          return Promise.resolve({ status: "partial", reason: "a request failed", steps });
        },
      }),
      made(dir, "export", { needs: ["record"] }),
    ];
    await run(dir, of(), contextIn([], { passes }));
    const path = `${dir}/${JOURNAL_NAME}`;
    const whole = await Deno.readFile(path);
    const again = of();
    const { records, kept } = await run(dir, again);
    assert.deepEqual(kept, ["record", "export"]);
    assert.deepEqual(again.map(({ runs }) => runs), [0, 0]);
    const { status, seconds, reason, log } = records[0]!;
    assert.deepEqual([status, seconds, reason, log], [
      "partial",
      4,
      "a request failed",
      "logs/record.log",
    ]);
    assert.deepEqual(records[0]!.steps, steps);
    for (let length = 0; length < whole.length; length += 7) {
      await Deno.writeFile(path, whole.subarray(0, length));
      const stages = of();
      const { statuses } = await run(dir, stages);
      assert.deepEqual(stages.map(({ runs }) => runs), [0, 0]);
      assert.ok(statuses.every((status) => status === "complete" || status === "partial"));
      assert.ok((await readJournal(Deno, path)).unreadable <= 1);
    }
  });
});

Deno.test("a stage that was killed begins anew in an empty bundle, and its earlier logs are kept", async () => {
  await inFolder(async (dir) => {
    await Deno.mkdir(`${dir}/nsys/logs`, { recursive: true });
    await Deno.writeTextFile(`${dir}/nsys/logs/stderr.log`, "the first try");
    await Deno.writeTextFile(`${dir}/nsys/half.nsys-rep`, "half");
    const seen: boolean[] = [];
    const begins = made(dir, "record", {
      bundle: "nsys",
      begins: () => Promise.resolve(true),
      run: async () => {
        seen.push(await isThere(Deno, `${dir}/nsys`));
        return { status: "complete" };
      },
    });
    await run(dir, [begins]);
    assert.deepEqual(seen, [false]);
    assert.equal(
      await Deno.readTextFile(`${dir}/logs/earlier/nsys-1/stderr.log`),
      "the first try",
    );
  });
});

Deno.test("Ctrl-C in a stage ends the run there; the next one goes on with that stage", async () => {
  await inFolder(async (dir) => {
    const ctrlC = new AbortController();
    const stages = [
      made(dir, "a"),
      made(dir, "b", {
        run: () => {
          if (!ctrlC.signal.aborted) ctrlC.abort("SIGINT");
          return Promise.resolve({ status: "failed", reason: "vLLM ended" });
        },
      }),
      made(dir, "c"),
    ];
    const { statuses } = await run(dir, stages, contextIn([], { signal: ctrlC.signal }));
    assert.deepEqual(statuses, ["complete", "interrupted", undefined]);
    await run(dir, [stages[0]!, made(dir, "b"), stages[2]!]);
    assert.deepEqual(stages.map(({ runs }) => runs), [1, 1, 1]);
  });
});

Deno.test("a disk without room for journal and logs keeps no stage from its work, and is told", async () => {
  await inFolder(async (dir) => {
    const full: FileSystem = {
      ...Deno,
      open: () => Promise.reject(new Error("No space left on device")),
    };
    await Deno.mkdir(`${dir}/logs`);
    const stages = [made(dir, "a")];
    const ran = await runStages(contextIn([], { files: full }), stages, {
      out: dir,
      changed: () => Promise.resolve(),
    });
    assert.equal(ran.records[0]!.status, "complete");
    assert.match(ran.journalFailure!, /No space left/);
  });
});

Deno.test("each stage has a log of its own, with what it said; only warnings go to the person as they are", async () => {
  await inFolder(async (dir) => {
    const said: string[] = [];
    const stage = made(dir, "a", {
      run: ({ output }) => {
        output.note("a note");
        output.warn("a warning");
        output.error("an error");
        output.progress("half");
        return Promise.resolve({ status: "complete" });
      },
    });
    await run(dir, [stage], contextIn(said));
    const log = await Deno.readTextFile(`${dir}/logs/a.log`);
    for (const word of ["a note", "warning: a warning", "error: an error", "half"]) {
      assert.ok(log.includes(word), word);
    }
    assert.deepEqual(said.filter((text) => /note|error/.test(text)), []);
    assert.ok(said.includes("a warning"));
    assert.ok(said.some((text) => /^\[1\/1\] 0 s, about 10s left: half$/.test(text)), said.join());
  });
});

Deno.test("the time that is left learns from how long vLLM took to start here", () => {
  const engine = (name: string) => ({ name, seconds: 100, startsEngine: true });
  const left = new TimeLeft([engine("a"), engine("b"), { ...engine("c"), startsEngine: false }]);
  assert.equal(left.seconds("a", 30), 270);
  assert.equal(left.seconds("a", 300), 200);
  left.over("a", 200);
  assert.equal(left.seconds(), 300);
  left.over("b");
  assert.equal(left.seconds(), 100);
  assert.deepEqual([2, 41, 61, 140, 3000, 3600].map(leftText), [
    "nearly done",
    "about 45s left",
    "about 1m 10s left",
    "about 2m 20s left",
    "about 50m left",
    "about 1h left",
  ]);
});
