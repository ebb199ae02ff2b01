/** Traces that are cut, damaged or no traces: an error, or a part that says what is missing. */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { CUT_BYTES, fc, rounds } from "../../deps.ts";
import { analyzed, outcome } from "./analyzed.ts";
import {
  directTotals,
  eventText,
  kernel,
  type Made,
  operator,
  range,
  traceText,
} from "./kineto.ts";

const EVENTS: Made[] = [
  range("execute_context_1(5)_generation_0(0)", 0, 9000),
  operator("aten::mm", 100, 700, 1),
  kernel('gemm {"a": [1, 2]} \\ ü', 1000, 812, { correlation: 1 }),
  kernel("rms_norm", 2000, 401, { correlation: 2 }),
  kernel("flash_fwd", 2100, 999, { correlation: 3, stream: 9 }),
];
const TEXT = traceText(EVENTS);
const BYTES = new TextEncoder().encode(TEXT);

/** Kernels whose text ends at or before a place. */
function kernelsBefore(place: number): Made[] {
  const decoder = new TextDecoder();
  return EVENTS.filter((event) => {
    const at = TEXT.indexOf(eventText(event).trimStart());
    const end = new TextEncoder().encode(TEXT.slice(0, at)).length +
      new TextEncoder().encode(eventText(event).trimStart()).length;
    return end <= place && event.cat === "kernel" && decoder !== undefined;
  });
}

Deno.test("a trace that is cut at any byte gives an error, or what was whole, marked as partial", async () => {
  let errors = 0;
  for (let place = 0; place < BYTES.length - 2; place += CUT_BYTES) {
    const { analysis, refused } = await outcome(BYTES.slice(0, place));
    if (refused !== undefined) {
      errors++;
      assert.match(refused, /^Cannot analyze "[^"]+": \S.*\S$/s);
      continue;
    }
    assert.ok(analysis!.partial, `nothing is said of the cut at ${place}`);
    assert.match(analysis!.partial[0]!.reason, /ends early/);
    const whole = kernelsBefore(place);
    if (whole.length === 0) assert.equal(analysis!.gpu, undefined);
    else {
      const { idle_share: _share, ...totals } = analysis!.gpu!;
      assert.deepEqual(totals, directTotals(whole));
    }
  }
  errors *= CUT_BYTES;
  assert.ok(errors > 100 && errors < BYTES.length / 2);
});

Deno.test("a gzip file that is cut says so and gives what came out", async () => {
  const packed = gzipSync(TEXT.repeat(1), { level: 0 });
  for (let place = 1; place < packed.length; place += 7) {
    const { analysis, refused } = await outcome(packed.slice(0, place), ".json.gz");
    if (refused === undefined) {
      assert.match(analysis!.partial![0]!.reason, /gzip file ends too early/);
    }
  }
  const { analysis } = await outcome(packed.slice(0, packed.length - 9), ".json.gz");
  assert.equal(analysis!.gpu!.kernel_count, 3);
});

Deno.test("a gzip file with a wrong byte is refused or read to the same figures", async () => {
  const packed = gzipSync(TEXT);
  const right = (await analyzed([packed], ".json.gz")).gpu;
  let refusals = 0;
  for (let place = 0; place < packed.length; place += 3) {
    const wrong = packed.slice();
    wrong[place]! ^= 0x10;
    const { analysis, refused } = await outcome(wrong, ".json.gz");
    if (refused !== undefined) refusals++;
    else if (!analysis!.partial) assert.deepEqual(analysis!.gpu, right);
    else assert.match(analysis!.partial[0]!.reason, /gzip file ends too early/);
  }
  assert.ok(refusals > 50);
});

Deno.test("what is no trace is refused in one sentence", async () => {
  const cases: [string | Uint8Array, RegExp][] = [
    ["", /the file is empty/],
    ["   \n", /no capture that this vscope reads/],
    ["hello", /no capture that this vscope reads/],
    ['{"a": 1}', /no capture that this vscope reads/],
    ["[1, 2]", /no capture that this vscope reads/],
    ['{"schemaVersion": 1}', /no list "traceEvents"/],
    ['{"traceEvents": {}}', /no list "traceEvents"/],
    ['{"traceEvents": []}', /holds no event/],
    ['{"traceEvents": [5]}', /holds no event, and what stands at byte/],
    [
      '{"traceEvents": [{"ph": "X", "cat": "gc", "name": "a", "ts": 1, "dur": 1}]}',
      /none of those/,
    ],
    [new Uint8Array([0x1f, 0x8b, 1, 2, 3]), /gzip file is damaged/],
    [new Uint8Array([0xff, 0xfe, 0x00, 0x7b]), /no capture that this vscope reads/],
  ];
  for (const [content, message] of cases) {
    const { refused } = await outcome(content);
    assert.match(refused ?? "it was read", message);
    assert.ok(!refused!.includes("\n"));
  }
});

const changed = (from: string, to: string) => {
  assert.ok(TEXT.includes(from), from);
  return TEXT.replace(from, to);
};

Deno.test("a duration that is no finite number leaves its event out, and says so", async () => {
  for (const word of ["NaN", "nan", "-Infinity", "Infinity", "inf", "null", '"5"', "-3", "1e400"]) {
    const { analysis } = await outcome(changed('"dur": 0.401', `"dur": ${word}`));
    assert.equal(analysis!.gpu!.kernel_count, 2, word);
    assert.equal(analysis!.partial![0]!.events, 1);
  }
  const whole = await outcome(changed('"dur": 0.401', '"dur": 4.01e-1'));
  assert.equal(whole.analysis!.gpu!.kernel_time_ns, 812 + 401 + 999);
  assert.equal(whole.analysis!.partial, undefined);
});

Deno.test("NaN where no figure needs a number is passed over", async () => {
  for (const word of ["nan", "-inf", "NaN", "Infinity", "[NaN, -Infinity]"]) {
    const { analysis } = await outcome(
      changed('"queued": 0', `"est. achieved occupancy %": ${word}`),
    );
    assert.equal(analysis!.gpu!.kernel_count, 3);
    assert.equal(analysis!.partial, undefined);
  }
});

Deno.test("a key that stands twice leaves its event out, also in another spelling", async () => {
  for (const key of ['"dur": 9.000', '"\\u0064ur": 9.000', '"name": "other"', '"cat": "cpu_op"']) {
    const { analysis } = await outcome(changed('"dur": 0.401', `"dur": 0.401, ${key}`));
    assert.equal(analysis!.gpu!.kernel_count, 2, key);
    assert.match(analysis!.partial![0]!.reason, /a key stands twice/);
  }
  const { analysis, refused } = await outcome(
    changed('"traceName"', '"traceEvents": [], "traceName"'),
  );
  assert.equal(refused, undefined);
  assert.match(analysis!.partial![0]!.reason, /a second list of events/);
});

Deno.test("a key in another spelling is the same key", async () => {
  const { analysis } = await outcome(changed('"dur": 0.401', '"d\\u0075r": 0.401'));
  assert.equal(analysis!.gpu!.kernel_time_ns, 812 + 401 + 999);
  assert.equal(analysis!.partial, undefined);
});

Deno.test("a name that is no UTF-8 is shown with a mark, and counted", async () => {
  const place = TEXT.indexOf("rms_norm");
  const bytes = BYTES.slice();
  bytes[new TextEncoder().encode(TEXT.slice(0, place)).length] = 0xff;
  const { analysis } = await outcome(bytes);
  assert.equal(analysis!.gpu!.kernel_count, 3);
  assert.ok(analysis!.kernels!.some(({ name }) => name === "\uFFFDms_norm"));
  assert.match(analysis!.partial![0]!.reason, /no valid UTF-8/);
});

Deno.test("whatever bytes are changed, vscope refuses, marks, or reads what JSON.parse reads", async () => {
  const edits = fc.array(
    fc.record({
      place: fc.nat(BYTES.length - 1),
      remove: fc.nat(3),
      insert: fc.uint8Array({ maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 3 },
  );
  await fc.assert(
    fc.asyncProperty(edits, async (edits) => {
      let bytes = [...BYTES];
      for (const { place, remove, insert } of edits) {
        bytes = [...bytes.slice(0, place), ...insert, ...bytes.slice(place + remove)];
      }
      const content = new Uint8Array(bytes);
      const { analysis } = await outcome(content);
      if (!analysis || analysis.partial) return;
      let events: Record<string, unknown>[];
      try {
        events = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content)).traceEvents;
      } catch {
        // Damage outside of all that figures need.
        return;
      }
      const kernels = events.filter(({ ph, cat }) => ph === "X" && cat === "kernel");
      assert.equal(analysis.gpu?.kernel_count ?? 0, kernels.length);
      const time = kernels.reduce((sum, { dur }) => sum + 1000 * Number(dur), 0);
      const found = analysis.gpu?.kernel_time_ns ?? 0;
      assert.ok(Math.abs(found - time) <= 1e-6 * (1 + time), `${found} is not ${time}`);
    }),
    { numRuns: rounds(700) },
  );
});

Deno.test("any bytes at all are refused or marked, never a crash", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        fc.json().map((text) => new TextEncoder().encode(text)),
      ),
      fc.boolean(),
      async (bytes, wrapped) => {
        const text = '{"schemaVersion": 1, "traceEvents": [';
        const content = wrapped
          ? new Uint8Array([...new TextEncoder().encode(text), ...bytes])
          : bytes;
        const { analysis, refused } = await outcome(content);
        assert.ok(refused !== undefined || analysis!.partial);
      },
    ),
    { numRuns: rounds(300) },
  );
});
