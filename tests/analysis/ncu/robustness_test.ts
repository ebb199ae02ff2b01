/** CSV that is cut, damaged or of something else: an error, or a part that says what is missing. */

import assert from "node:assert/strict";
import { CUT_BYTES, fc, rounds } from "../../deps.ts";
import { csvOutcome, detailsPage, type Figure, rawPage, record } from "./table.ts";

const figures = (time: string): Readonly<Record<string, Figure>> => ({
  "gpu__time_duration.sum": ["us", time],
  "dram__bytes.sum": ["Mbyte", "1,234.50"],
  "sm__throughput.avg.pct_of_peak_sustained_elapsed": ["%", "45.25"],
  "Duration": ["us", time],
});
const LAUNCHES = ["1,100.25", "212.50", "33.75"].map((time, place) => ({
  name: `kernel "${place}", ü`,
  figures: figures(time),
}));
const TIMES = [1_100_250, 212_500, 33_750];
const PAGES = { raw: rawPage(LAUNCHES), details: detailsPage(LAUNCHES) };

for (const [page, text] of Object.entries(PAGES)) {
  const bytes = new TextEncoder().encode(text);

  Deno.test(`a page ${page} that is cut at any byte gives only figures that stand in it whole`, async () => {
    for (let place = 0; place < bytes.length; place += CUT_BYTES) {
      const { analysis, refused } = await csvOutcome(bytes.slice(0, place));
      if (!analysis) {
        assert.match(refused!, /^Cannot analyze "[^"]+": \S/);
        continue;
      }
      for (const [row, told] of analysis.ncu_kernels!.entries()) {
        assert.ok([undefined, TIMES[row]].includes(told.duration_ns), String(place));
        assert.ok([undefined, 1_234_500_000].includes(told.dram_bytes), String(place));
        assert.ok([undefined, 45.25].includes(told.sm_pct), String(place));
      }
    }
  });

  Deno.test(`whatever bytes of a page ${page} are changed, every time is one that the text tells`, async () => {
    const edits = fc.array(
      fc.record({
        place: fc.nat(bytes.length - 1),
        remove: fc.nat(3),
        insert: fc.uint8Array({ maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(edits, async (edits) => {
        let changed = [...bytes];
        for (const { place, remove, insert } of edits) {
          changed = [...changed.slice(0, place), ...insert, ...changed.slice(place + remove)];
        }
        const content = new Uint8Array(changed);
        const { analysis } = await csvOutcome(content);
        const said = new TextDecoder().decode(content);
        for (const { duration_ns } of analysis?.ncu_kernels ?? []) {
          if (duration_ns === undefined) continue;
          const told = [...said.matchAll(/\d[\d.,'\s]*(?:[eE][+-]?\d+)?/g)].map(([number]) =>
            number.replaceAll(/[,.'\s]/g, "").replace(/^0+/, "")
          );
          const digits = duration_ns.toPrecision(15).replaceAll(".", "").replace(/^0+|0+$/g, "");
          assert.ok(
            duration_ns === 0 || told.some((one) => one.replace(/0+$/, "").startsWith(digits)),
            `${duration_ns} in ${said}`,
          );
        }
      }),
      { numRuns: rounds(300) },
    );
  });
}

Deno.test("a last number that no quote and no line end close is not read", async () => {
  const text = "ID,Kernel Name,gpu__time_duration.sum\n,,us\n0,a,100.25\n1,b,212.5";
  const cut = await csvOutcome(text);
  assert.equal(cut.analysis!.ncu_kernels!.length, 1);
  assert.match(cut.analysis!.partial![0]!.reason, /ends within a record/);
  const whole = await csvOutcome(`${text}\n`);
  assert.equal(whole.analysis!.ncu_kernels!.length, 2);
  assert.equal(whole.analysis!.partial, undefined);
});

Deno.test("what is no table of kernels is refused in one sentence", async () => {
  const cases: [string | Uint8Array, RegExp][] = [
    ["", /the file is empty/],
    ["a,b\n1,2\n", /no capture that this vscope reads/],
    ['"ID","Name"\n"1","x"\n', /no capture that this vscope reads/],
    [
      "==ERROR== Could not open report file 'x.ncu-rep'.\n==ERROR== The file does not exist.\n",
      /ncu says: Could not open report file 'x\.ncu-rep'\.; export the report again: ncu --import/,
    ],
    ["==PROF== Connected to process 1\n==PROF== Disconnected\n", /it has no table of kernels/],
    ['"ID","Kernel Name","gpu__time_duration.sum"\n"","","us"\n', /its table has no kernel/],
    ['"ID","Kernel Name","gpu__time', /its table has no kernel|no capture/],
    ['"ID","Kernel Name","launch__x"\n"0","a","5"\n', /none of the figures that are read/],
    [
      '"Process ID","Kernel Name","Invocations","Metric Name","Metric Value"\n',
      /a summary over launches/,
    ],
    [new Uint8Array([0xff, 0xfe, 0x22, 0x00]), /no capture that this vscope reads/],
  ];
  for (const [content, message] of cases) {
    const { refused } = await csvOutcome(content);
    assert.match(refused ?? "it was read", message);
    assert.ok(!refused!.includes("\n"));
  }
});

Deno.test("units that are not known, and units that are missing, give no figure and are told", async () => {
  for (const unit of ["fortnight", "", "KiB", "byte/fortnight"]) {
    const { analysis } = await csvOutcome(rawPage([{
      name: "a",
      figures: {
        "gpu__time_duration.sum": [unit, "100.25"],
        "sm__throughput.avg.pct_of_peak_sustained_elapsed": ["%", "45.25"],
      },
    }]));
    assert.equal(analysis!.ncu_kernels![0]!.duration_ns, undefined, unit);
    assert.match(analysis!.partial![0]!.reason, /unit of a figure is not known/);
  }
});

Deno.test("records that do not fit are left out and counted, errors of ncu are told", async () => {
  const { analysis } = await csvOutcome(
    PAGES.raw + record(["7", "8"]) + '\nstep 3 done\n==ERROR== Failed to profile "x"\n',
  );
  assert.equal(analysis!.ncu_kernels!.length, 3);
  assert.deepEqual(analysis!.partial!.map(({ reason }) => reason), [
    'ncu says: Failed to profile "x"',
    "Records do not fit their table and were left out",
  ]);
  assert.equal(analysis!.partial![1]!.events, 1);
});

Deno.test("broken UTF-8 in a name harms nothing, and a byte order mark is no letter", async () => {
  const bytes = new TextEncoder().encode(PAGES.raw);
  const place = bytes.indexOf(0xc3);
  bytes[place] = 0xff;
  const { analysis } = await csvOutcome(bytes);
  assert.deepEqual(analysis!.ncu_kernels!.map(({ duration_ns }) => duration_ns), TIMES);
  const marked = await csvOutcome(`\uFEFF${PAGES.raw}`);
  assert.equal(marked.analysis!.ncu_kernels!.length, 3);
});

Deno.test("any bytes behind a head are refused or marked, never a crash", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
      const head = new TextEncoder().encode(PAGES.raw.split("\n").slice(0, 2).join("\n") + "\n");
      const { analysis, refused } = await csvOutcome(new Uint8Array([...head, ...bytes]));
      assert.ok(refused !== undefined || analysis!.partial);
    }),
    { numRuns: rounds(200) },
  );
});
