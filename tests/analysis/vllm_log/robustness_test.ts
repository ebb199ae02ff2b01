/** Logs that are cut, damaged or no logs: an error, or a part that says what is missing. */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { CUT_BYTES, fc, rounds } from "../../deps.ts";
import { analyzedLogs, iteration, line, logOutcome } from "./analyzed.ts";

const ROWS = [[1, 512, 0, 0], [0, 0, 4, 14], [2, 128, 3, 3]] as const;
const TEXT =
  ROWS.map((figures, place) =>
    line(`Engine 000: ${iteration(place, figures, "12.34")}, GPU KV cache usage: 56.7%`)
  ).join("\n") + "\n" +
  line(
    "Engine 000: Avg prompt throughput: 123.4 tokens/s, Avg generation throughput: 56.7 tokens/s, " +
      "Running: 34 reqs, Waiting: 12 reqs, GPU KV cache usage: 56.7%, Prefix cache hit rate: 78.9%",
  ) + "\n" +
  line("GPU KV cache size: 5,863,776 tokens") + "\n";
const BYTES = new TextEncoder().encode(TEXT);

Deno.test("a log that is cut at any byte gives only figures that stand in it whole", async () => {
  let refusals = 0;
  for (let place = 0; place <= BYTES.length; place += CUT_BYTES) {
    const { analysis, refused } = await logOutcome(BYTES.slice(0, place));
    if (!analysis) {
      refusals++;
      assert.match(refused!, /^Cannot analyze "[^"]+": \S/);
      continue;
    }
    const { iterations, iteration_rows = [], throughput_rows = [], kv_cache = [] } = analysis;
    assert.equal(iterations?.count ?? 0, iteration_rows.length);
    for (const [row, told] of iteration_rows.entries()) {
      const { context_tokens, generation_tokens, elapsed_ms, kv_cache_pct } = told;
      assert.deepEqual([context_tokens, generation_tokens, elapsed_ms], [
        ROWS[row]![1],
        ROWS[row]![3],
        12.34,
      ]);
      assert.ok(kv_cache_pct === undefined || kv_cache_pct === 56.7);
    }
    for (const told of throughput_rows) {
      assert.deepEqual([told.running_requests, told.waiting_requests], [34, 12]);
      assert.ok([undefined, 56.7].includes(told.kv_cache_pct));
      assert.ok([undefined, 78.9].includes(told.prefix_cache_hit_pct));
    }
    for (const { size_tokens } of kv_cache) assert.equal(size_tokens, 5_863_776);
  }
  refusals *= CUT_BYTES;
  assert.ok(refusals > 20 && refusals < 250, String(refusals));
});

Deno.test("whatever bytes are changed, every figure is one that the text still tells", async () => {
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
      const { analysis } = await logOutcome(new Uint8Array(bytes));
      const text = new TextDecoder().decode(new Uint8Array(bytes));
      for (const row of analysis?.iteration_rows ?? []) {
        for (const figure of [row.iteration, row.context_tokens, row.generation_tokens]) {
          assert.match(text, new RegExp(`(?<!\\d)0*${figure}(?!\\d)`));
        }
      }
      const whole = analysis?.lines;
      assert.ok(!whole || whole.iteration <= 3 + edits.length);
    }),
    { numRuns: rounds(400) },
  );
});

Deno.test("what is no log of vLLM is refused in one sentence", async () => {
  const cases: [string | Uint8Array, RegExp][] = [
    ["", /the file is empty/],
    ["\n\n \n", /0 lines|1 lines, and none tells/],
    ["hello\nworld\n", /2 lines, and none tells iterations, requests, throughput or the KV cache/],
    [line("Starting to load model"), /start vLLM with --enable-logging-iteration-details/],
    [new Uint8Array([0xff, 0xfe, 0x49, 0x00]), /no capture that this vscope reads/],
    ['{"a": 1}', /no capture that this vscope reads/],
    ["<html>", /no capture that this vscope reads/],
  ];
  for (const [content, message] of cases) {
    const { refused } = await logOutcome(content);
    assert.match(refused ?? "it was read", message);
    assert.ok(!refused!.includes("\n"));
  }
});

Deno.test("broken UTF-8, NUL and endless lines harm only their own line", async () => {
  const broken = new Uint8Array([
    ...BYTES,
    ...new TextEncoder().encode(`(EngineCore pid=1) INFO 01-28 12:00:00 [a.py:1] Iteration(`),
    0xff,
    0x0a,
    ...new TextEncoder().encode("x".repeat(300_000)),
    0x0a,
    ...new TextEncoder().encode(line(`Engine 000: ${iteration(3, [0, 0, 9, 9], "1.00")}`)),
  ]);
  const { analysis } = await logOutcome(broken);
  assert.equal(analysis!.iterations!.count, 4);
  assert.equal(analysis!.iterations!.generation_tokens, 14 + 3 + 9);
  assert.equal(analysis!.lines!.unknown, 1);
});

Deno.test("a gzip file is read as its content, and says so where it is cut", async () => {
  const packed = gzipSync(TEXT.repeat(1), { level: 0 });
  assert.equal((await analyzedLogs(packed)).iterations!.count, 3);
  const cut = await logOutcome(packed.slice(0, packed.length - 40));
  assert.match(cut.analysis!.partial![0]!.reason, /gzip file ends too early/);
  const wrong = gzipSync(TEXT);
  wrong[40]! ^= 0x10;
  const { refused, analysis } = await logOutcome(wrong);
  assert.ok(refused !== undefined || analysis!.partial);
});

Deno.test("figures that are no numbers make no figures", async () => {
  for (const word of ["NaN", "nan", "inf", "-1", "1e3", "", "١٢"]) {
    const { analysis } = await logOutcome(
      TEXT.replace("elapsed time: 12.34", `elapsed time: ${word}`),
    );
    assert.equal(analysis!.iterations!.count, 2, word);
    assert.equal(analysis!.lines!.unknown, 1, word);
  }
});
