/** Archives from elsewhere: what is unpacked, and what may not be. */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { unpackBundle } from "../../../kit/bundle/files/unpack.ts";
import { UsageError } from "../../../kit/contract/errors.ts";
import { loadTar } from "../../../kit/deps.ts";
import { fc } from "../../deps.ts";
import { inFolder, namesIn } from "../../folders.ts";

type Entry = Parameters<Awaited<ReturnType<typeof loadTar>>["packTar"]>[0][number];

const file = (name: string, text = "x"): Entry => ({
  header: { name, size: text.length, type: "file", mode: 0o777 },
  body: text,
});

async function archive(entries: readonly Entry[]): Promise<Uint8Array<ArrayBuffer>> {
  return await (await loadTar()).packTar(entries);
}

function stream(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  return new Blob([bytes]).stream();
}

/** Everything below a folder, with the text of files. */
async function contents(dir: string, below = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of Deno.readDir(`${dir}/${below}`)) {
    const path = below + entry.name;
    if (entry.isDirectory) Object.assign(found, await contents(dir, `${path}/`));
    else found[path] = await Deno.readTextFile(`${dir}/${path}`);
  }
  return found;
}

Deno.test("an archive is unpacked, plain or gzip, and its bundle found", async () => {
  const bytes = await archive([
    { header: { name: "runs/", size: 0, type: "directory" } },
    file("runs/one/bundle.json", "{}"),
    file("./runs/one/logs/stdout.log", "hello"),
  ]);
  const zipped = new Uint8Array(gzipSync(bytes));
  for (const form of [bytes, zipped]) {
    await inFolder(async (dir) => {
      const bundle = await unpackBundle(Deno, stream(form), dir);
      assert.equal(bundle, `${dir}/runs/one`);
      assert.deepEqual(await contents(bundle), {
        "bundle.json": "{}",
        "logs/stdout.log": "hello",
      });
      const { mode } = await Deno.stat(`${bundle}/bundle.json`);
      assert.equal(mode! & 0o777, 0o600);
    });
  }
});

Deno.test("the parts of a bundle are not taken for the bundle", async () => {
  await inFolder(async (dir) => {
    const bytes = await archive([file("processes/engine_core-1/process.json")]);
    assert.equal(await unpackBundle(Deno, stream(bytes), dir), dir);
  });
});

Deno.test("nothing is written outside, through links, or over what is there", async () => {
  const link = (type: "symlink" | "link", name: string, linkname: string): Entry => ({
    header: { name, size: 0, type, linkname },
  });
  const hostile: [string, Entry[], RegExp][] = [
    ["upwards", [file("../out")], /"\.\.\/out" leads out of the bundle/],
    ["upwards within", [file("a/../../out")], /leads out of the bundle/],
    ["absolute", [file("/tmp/vscope-hostile-out")], /leads out of the bundle/],
    ["for Windows", [file("..\\out"), file("C:out")], /leads out of the bundle/],
    ["a link", [link("symlink", "a", "/tmp"), file("a/out")], /"a" is a symlink/],
    ["a hard link", [link("link", "a", "/etc/passwd")], /"a" is a link/],
    ["a pipe", [{ header: { name: "a", size: 0, type: "fifo" } }], /"a" is a fifo/],
    ["a device", [{ header: { name: "a", size: 0, type: "block-device" } }], /block-device/],
    ["a name twice", [file("a", "1"), file("a", "2")], /Cannot read the archive: .*exists/i],
    ["a file as a folder", [file("a"), file("a/b")], /Cannot read the archive: /],
  ];
  for (const [name, entries, message] of hostile) {
    await inFolder(async (parent) => {
      const dir = `${parent}/in`;
      await Deno.mkdir(dir);
      const bytes = await archive(entries);
      await assert.rejects(
        unpackBundle(Deno, stream(bytes), dir),
        (error) => error instanceof UsageError && message.test(error.message),
        name,
      );
      assert.deepEqual(await namesIn(parent), ["in"], name);
    });
  }
  assert.deepEqual(await namesIn("/tmp/vscope-hostile-out"), []);
});

Deno.test("whatever the bytes are, an archive is unpacked or refused in a sentence", async () => {
  const good = await archive([file("a/b.csv", "x,y\n"), file("a/c", "z".repeat(600))]);
  const damage = fc.record({
    length: fc.nat(good.length),
    flips: fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }),
  });
  await inFolder(async (parent) => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(damage, fc.uint8Array({ maxLength: 2000 })), async (made) => {
        let bytes: Uint8Array<ArrayBuffer>;
        if (made instanceof Uint8Array) bytes = Uint8Array.from(made);
        else {
          bytes = good.slice(0, made.length);
          for (const [place, value] of made.flips) {
            if (place < bytes.length) bytes[place] = value;
          }
        }
        const dir = `${parent}/${count++}`;
        await Deno.mkdir(dir);
        await unpackBundle(Deno, stream(bytes), dir).catch((error) => {
          assert.ok(error instanceof UsageError, String(error));
          assert.match(error.message, /^Cannot (read|unpack) the archive: .+; give /s);
        });
      }),
      { numRuns: 150 },
    );
    assert.equal((await namesIn(parent)).length, count);
  });
});
