/** Secrets in what a command prints do not reach its logs. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Redactor, secretsOf } from "../../kit/engine/redact.ts";
import { fc } from "../deps.ts";

/** What a redactor writes of a text that comes in blocks of these lengths. */
function written(text: Uint8Array, lengths: readonly number[], secrets: readonly string[]): Buffer {
  const redactor = new Redactor(secrets);
  const blocks: Uint8Array[] = [];
  let place = 0;
  for (const length of [...lengths, text.length]) {
    blocks.push(redactor.take(text.subarray(place, place + length)));
    place += length;
  }
  return Buffer.concat([...blocks, redactor.end()]);
}

Deno.test("wherever a block ends, no secret is written and nothing else is changed", () => {
  const secrets = ["correct-horse-battery", "größer-als-gedacht"];
  const words = fc.array(fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom(...secrets)));
  fc.assert(fc.property(words, fc.array(fc.integer({ min: 1, max: 9 })), (list, lengths) => {
    const joined = list.join(" ");
    const text = written(Buffer.from(joined), lengths, secrets).toString();
    for (const secret of secrets) assert.ok(!text.includes(secret));
    const expected = secrets.reduce((left, one) => left.replaceAll(one, "(secret)"), joined);
    assert.equal(text, expected);
  }));
});

Deno.test("bytes of any kind pass unharmed", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.array(fc.integer({ min: 1, max: 5 })), (bytes, lengths) => {
      assert.deepEqual([...written(bytes, lengths, ["no-such-secret"])], [...bytes]);
    }),
  );
});

Deno.test("tokens are told by their form, and a folder of checkpoints is none", () => {
  const token = `hf_${"aB3".repeat(11)}`;
  const text = `api_key=['sk-${"x".repeat(20)}'] Authorization: Bearer abc.def model=${token} ` +
    "at https://me:word@host/v1 from /data/hf_checkpoints/llama\n";
  for (let cut = 1; cut < text.length; cut++) {
    assert.equal(
      written(Buffer.from(text), [cut], []).toString(),
      "api_key=['(secret)'] Authorization: Bearer (secret) model=(secret) " +
        "at https://me:(secret)@host/v1 from /data/hf_checkpoints/llama\n",
    );
  }
});

Deno.test("a line without an end is written at last, however long", () => {
  const dots = Buffer.from(".".repeat(200_000));
  assert.equal(written(dots, [100, 70_000, 1], []).length, 200_000);
});

Deno.test("secrets are known by the names of variables and options", () => {
  const env = { HF_TOKEN: "a-long-token-1", PATH: "/usr/bin:/bin", API_KEY: "short" };
  const argv = [
    "vllm",
    "serve",
    "--api-key",
    "sesame-sesame",
    "--hf-token=another-one",
    "--seed=1",
  ];
  assert.deepEqual(secretsOf(env, argv).toSorted(), [
    "a-long-token-1",
    "another-one",
    "sesame-sesame",
  ]);
});
