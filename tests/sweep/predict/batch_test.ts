/** Batches as people and programs write them. */

import assert from "node:assert/strict";
import { UsageError } from "../../../kit/contract/errors.ts";
import {
  decodeLengths,
  parseBatch,
  parseShape,
  requestsOf,
  tokensOf,
} from "../../../kit/sweep/predict/batch.ts";
import { readBatches } from "../../../kit/sweep/predict/read_batches.ts";
import { fc } from "../../deps.ts";
import { inFolder } from "../../folders.ts";

Deno.test("a shape has chunks and decodes, told apart by their new tokens", () => {
  const batch = parseShape("512+1024,8x1+333, 2x16 1");
  assert.deepEqual(batch.prefills, [
    { tokens: 512, history: 1024, count: 1 },
    { tokens: 16, history: 0, count: 2 },
  ]);
  assert.deepEqual(batch.decodes, [
    { tokens: 1, history: 333, count: 8 },
    { tokens: 1, history: 0, count: 1 },
  ]);
  assert.equal(tokensOf(batch), 512 + 32 + 9);
  assert.equal(requestsOf(batch), 12);
  assert.deepEqual(decodeLengths(batch), {
    count: 9,
    total: 8 * 333,
    longest: 333,
    shortest: 0,
  });
});

Deno.test("a shape and the document that means the same are one batch", () => {
  const document = {
    id: "a",
    prefills: [{ tokens: 512, history: 1024 }],
    decodes: [{ history: 333, count: 8 }],
  };
  assert.deepEqual(parseBatch("it", document), { id: "a", ...parseShape("512+1024,8x1+333") });
  assert.deepEqual(
    parseBatch("it", { shape: "12,3x1+5", activated_experts: 7, padded_tokens: 16 }),
    { ...parseShape("12,3x1+5"), activatedExperts: 7, paddedTokens: 16 },
  );
  assert.deepEqual(
    parseBatch("it", { prefills: [{ tokens: 1, history: 9 }] }).decodes,
    [{ tokens: 1, history: 9, count: 1 }],
  );
});

Deno.test("what is no batch is told in one sentence", () => {
  for (
    const [document, why] of [
      [[], /no JSON object/],
      [{}, /no request/],
      [{ decode: [] }, /"decode" is not known/],
      [{ decodes: [{ history: -1 }] }, /history of "decodes" is -1/],
      [{ decodes: [{ history: 1, tokens: 2 }] }, /a decode has 2 new tokens/],
      [{ decodes: [{ count: 0 }] }, /no request/],
      [{ prefills: [{ history: 1 }] }, /tokens of "prefills" is missing/],
      [{ prefills: [{ tokens: 1.5 }] }, /tokens of "prefills" is 1.5/],
      [{ prefills: {} }, /"prefills" is no list/],
      [{ shape: "12", decodes: [] }, /a shape and other requests/],
      [{ shape: "12", activated_experts: 0 }, /activated_experts is 0/],
      [{ shape: "12", id: {} }, /neither a text nor a number/],
    ] as const
  ) {
    assert.throws(() => parseBatch("it", document), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /^Cannot predict it: /);
      assert.match(error.message, why);
      return true;
    }, JSON.stringify(document));
  }
  for (const text of ["", "x", "1+", "+3", "0", "3x", "-1", "1e3", "99999999999", "2x2x2"]) {
    assert.throws(() => parseShape(text), UsageError, text);
  }
});

Deno.test("whatever a document is, it is a batch with a request or a usage error", () => {
  const group = fc.record({
    tokens: fc.oneof(fc.integer(), fc.anything()),
    history: fc.oneof(fc.nat(), fc.anything()),
    count: fc.oneof(fc.nat(), fc.anything()),
  }, { requiredKeys: [] });
  const document = fc.oneof(
    fc.anything(),
    fc.record({
      prefills: fc.oneof(fc.array(group), fc.anything()),
      decodes: fc.oneof(fc.array(group), fc.anything()),
      shape: fc.oneof(fc.string(), fc.anything()),
    }, { requiredKeys: [] }),
  );
  fc.assert(fc.property(document, (value) => {
    try {
      assert.ok(requestsOf(parseBatch("it", value)) > 0);
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error));
    }
  }));
});

Deno.test("a file has a batch a line, or is one document", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/batches`;
    const reads = async (text: string) => {
      await Deno.writeTextFile(path, text);
      return (await readBatches(Deno, path)).map(tokensOf);
    };
    assert.deepEqual(await reads('{"shape":"12"}\n\n{"shape":"3x1"}\n'), [12, 3]);
    assert.deepEqual(await reads('[{"shape":"12"},\n{"shape":"3x1"}]'), [12, 3]);
    assert.deepEqual(await reads('{\n"shape":"12"}'), [12]);
    for (
      const [text, why] of [
        ["", /holds no batch/],
        ["[]", /holds no batch/],
        ['{"shape":"12"}\n{"shape', /line 2 of .*batches: it is no JSON/],
        ['[{"shape":"12"},3]', /batch 2 of .*: it is no JSON object/],
      ] as const
    ) await assert.rejects(reads(text), why);
    await assert.rejects(readBatches(Deno, `${dir}/none`), /there is no such file/);
  });
});
