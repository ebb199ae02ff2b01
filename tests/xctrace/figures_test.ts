import assert from "node:assert/strict";
import { readExport, type Row } from "../../kit/analysis/xctrace/export_table.ts";
import { Intervals, lengthOf, sharesOf } from "../../kit/analysis/xctrace/intervals.ts";
import { TABLES, XctraceSummarizer } from "../../kit/analysis/xctrace/summary.ts";
import { readContents } from "../../kit/analysis/xctrace/toc.ts";
import { fc } from "../deps.ts";
import { inFolder } from "../folders.ts";
import { EXPORTS, toc } from "./exports.ts";

async function rowsOf(text: string): Promise<{ rows: Row[]; problem?: string }> {
  return await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/t.xml`, text);
    const rows: Row[] = [];
    const end = await readExport(Deno, `${dir}/t.xml`, (row) => void rows.push(row));
    assert.equal(end.rows, rows.length);
    return { ...end, rows };
  });
}

Deno.test("values are found by column, through refs, sentinels and skipped backtraces", async () => {
  const { rows } = await rowsOf(EXPORTS["time-profile"]!);
  assert.equal(rows.length, 3);
  assert.equal(rows[1]!.get("thread")!.shown, "Main Thread (0x1) (python3, pid: 42)");
  assert.equal(rows[1]!.get("process")!.parts!.get("pid")!.text, "42");
  assert.equal(rows[1]!.get("weight")!.text, "500000000");
  assert.equal(rows[2]!.has("process"), false, "a sentinel is no value");
  assert.equal(rows[2]!.get("thread")!.parts!.get("process")!.shown, "python3 (42)");
  assert.equal(rows[2]!.get("weight")!.text, "500000000");
  const gpu = await rowsOf(EXPORTS["metal-gpu-intervals"]!);
  assert.equal(gpu.rows[1]!.get("duration")!.text, "2000000000");
  assert.equal(gpu.rows[2]!.get("start-latency")!.text, "1000000000");
});

Deno.test("the table of contents tells of the run, and nothing secret", async () => {
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/toc.xml`, toc(TABLES));
    const contents = await readContents(Deno, `${dir}/toc.xml`);
    assert.deepEqual(contents, {
      template: "Metal System Trace",
      instruments: "16.0 (17F113)",
      end_reason: "Time limit reached",
      seconds: 10,
      machine: "Mac Studio",
      macos: "15.6 (24G84)",
      target: { name: "python3", pid: 42, type: "launched", ended: "signal(2)" },
      tables: [...TABLES, "tick"],
    });
    assert.doesNotMatch(JSON.stringify(contents), /hf_|serve M/);
  });
});

Deno.test("figures are those of the rows, overlaps counted once", async () => {
  const figures = new XctraceSummarizer();
  for (const name of TABLES) {
    const { rows } = await rowsOf(EXPORTS[name]!);
    for (const row of rows) figures.take(name, row);
    figures.read(name, rows.length);
  }
  const { gpu, cpu, thermal, timeline, seconds } = figures.summary({ seconds: 10, tables: [] });
  assert.equal(seconds, 10);
  assert.deepEqual(gpu!.states, [
    { state: "Active", seconds: 5 },
    { state: "Idle", seconds: 5 },
  ]);
  assert.equal(gpu!.active_pct, 50);
  // From 1 to 4 with an overlap, and from 5 to 6; the window server from 8 to 9.
  assert.equal(gpu!.busy_pct, 50);
  assert.deepEqual(gpu!.processes, [
    {
      process: "python3 (42)",
      busy_seconds: 4,
      busy_pct: 40,
      intervals: 3,
      channels: [
        { channel: "Compute", intervals: 2, seconds: 3 },
        { channel: "Blit", intervals: 1, seconds: 1 },
      ],
    },
    {
      process: "WindowServer (635)",
      busy_seconds: 1,
      busy_pct: 10,
      intervals: 1,
      channels: [{ channel: "Vertex", intervals: 1, seconds: 1 }],
    },
  ]);
  assert.deepEqual(gpu!.performance_states![0], { state: "Maximum", seconds: 9 });
  assert.deepEqual(cpu!.processes, [{ process: "python3 (42)", seconds: 2, cores: 0.2 }]);
  assert.equal(cpu!.threads[0]!.seconds, 1.5);
  assert.equal(thermal!.worst, "Serious");
  assert.equal(timeline!.gpu_pct!.length, 100);
  assert.deepEqual(timeline!.gpu_pct!.slice(9, 11), [0, 100]);
});

Deno.test("a trace that tells nothing has no figures, rather than zeros", () => {
  const summary = new XctraceSummarizer().summary({ tables: [], seconds: 3 });
  assert.deepEqual(Object.keys(summary), ["schema_version", "contents", "seconds", "tables"]);
});

Deno.test("a table that is cut short gives the rows before the cut, and says so", async () => {
  const text = EXPORTS["metal-gpu-intervals"]!;
  const { rows, problem } = await rowsOf(
    text.slice(0, text.indexOf('<row><start-time id="13"') + 9),
  );
  assert.equal(rows.length, 3);
  assert.ok(problem);
});

Deno.test("what is too far back to be remembered is counted, and never guessed", async () => {
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/t.xml`, EXPORTS["metal-gpu-intervals"]!);
    const rows: Row[] = [];
    const end = await readExport(Deno, `${dir}/t.xml`, (row) => void rows.push(row), 3);
    assert.equal(end.rows, 4);
    assert.ok(end.unresolved > 0);
    assert.equal(rows[1]!.get("channel-name")?.shown ?? "", "");
  });
});

Deno.test("no export stops the reader, however garbled", async () => {
  const words = fc.constantFrom(
    ..."<row> </row> <row/> <schema> </schema> <mnemonic>start</mnemonic> <sentinel/> 7 -1 NaN"
      .split(
        " ",
      ),
    ...'<duration id="1">5</duration> <duration ref="1"/> <duration ref="9"/> <process ref="1"/>'
      .split("> ").map((word) => word.endsWith(">") ? word : `${word}>`),
    '<process id="2" fmt="p (1)"><pid>1</pid></process>',
    "<tagged-backtrace><row>",
    "</tagged-backtrace>",
    "&amp;",
    "&nope;",
    "<![CDATA[x]]>",
  );
  await inFolder(async (dir) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(words, fc.string())), async (parts) => {
        await Deno.writeTextFile(`${dir}/t.xml`, `<trace-query-result>${parts.join("")}`);
        for (const table of TABLES) {
          const figures = new XctraceSummarizer();
          await readExport(Deno, `${dir}/t.xml`, (row) => figures.take(table, row));
          figures.summary({ tables: [] });
        }
        await readContents(Deno, `${dir}/t.xml`);
      }),
      { numRuns: 100 },
    );
  });
});

Deno.test("merged intervals hold the same time, in order and apart", () => {
  const interval = fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: -5, max: 100 }));
  fc.assert(fc.property(fc.array(interval), (given) => {
    const intervals = new Intervals();
    const covered = new Set<number>();
    for (const [start, duration] of given) {
      intervals.add(start, duration);
      for (let at = start; at < start + duration; at++) covered.add(at);
    }
    const merged = intervals.merged();
    assert.equal(lengthOf(merged), covered.size);
    for (const [place, [start, end]] of merged.entries()) {
      assert.ok(start < end && (place === 0 || merged[place - 1]![1] < start));
    }
    const shares = sharesOf(merged, 1000, 7);
    const total = shares.reduce((sum, share) => sum + share * 1000 / 7, 0);
    assert.ok(Math.abs(total - covered.size) < 1e-6);
    assert.ok(shares.every((share) => share >= 0 && share <= 1 + 1e-9));
  }));
});
