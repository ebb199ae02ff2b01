/** Bytes in blocks of any size make the same events. */

import assert from "node:assert/strict";
import { fc } from "../../deps.ts";
import { TraceDocument } from "../../../kit/analysis/torch/document.ts";
import { TraceEvent } from "../../../kit/analysis/torch/event.ts";
import { Names } from "../../../kit/analysis/activity/names.ts";
import { kernel, operator, traceText } from "./kineto.ts";

const BYTES = new TextEncoder().encode(
  "\uFEFF" + traceText([
    kernel("a", 0, 5, { correlation: 3, deep: [[[{ x: '}]"' }]]] }),
    operator("aten::mm \u{1F600} \\", 10, 20, 4),
    kernel("b", 1_234_567_891_234, 17),
  ]),
);

function read(blocks: readonly Uint8Array[]): unknown[] {
  const names = new Names();
  const event = new TraceEvent(names);
  const found: unknown[] = [];
  const document = new TraceDocument(event, (bytes, from, to) => {
    const text = new TextDecoder().decode(bytes.slice(from, to));
    found.push([event.start, event.duration, event.correlation, JSON.parse(text).name]);
  });
  for (const block of blocks) document.feed(block);
  const { beside, broken, raw } = document.end();
  assert.equal(broken, "");
  return [...found, beside, raw];
}

Deno.test("the events do not depend on where blocks end", () => {
  const whole = read([BYTES]);
  assert.equal(whole.length, 7);
  assert.deepEqual((whole[3] as unknown[]).slice(0, 2), [1_234_567_891_234, 17]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (sizes) => {
      const blocks: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < BYTES.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        blocks.push(BYTES.slice(at, at + size));
        at += size;
      }
      assert.deepEqual(read(blocks), whole);
    }),
  );
});

Deno.test("a name is found again by its bytes, and is one name in all its spellings", () => {
  const names = new Names();
  const find = (text: string) => {
    const bytes = new TextEncoder().encode(`${text}"`);
    return names.find(bytes, 0, bytes.length - 1);
  };
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 80 })), (texts) => {
      for (const text of texts) {
        const spelled = JSON.stringify(text.toWellFormed()).slice(1, -1);
        const id = find(spelled);
        assert.equal(names.text(id), text.toWellFormed());
        assert.equal(find(spelled), id);
      }
    }),
  );
  assert.equal(find("a/b"), find("a\\/b"));
  for (let at = 0; at < 5000; at++) {
    assert.equal(names.text(find(`kernel_${at}`)), `kernel_${at}`);
  }
});
