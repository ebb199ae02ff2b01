/** What comes home of a session through a log: whatever is cut, damaged or there twice, files are right or said not to be. */

import assert from "node:assert/strict";
import { SessionFiles } from "../../../kit/engine/fleet/session_files.ts";
import { pieceLine } from "../../../kit/fleet/pieces.ts";
import { filePartOf } from "../../../kit/fleet/session_pieces.ts";
import { fc } from "../../deps.ts";
import { inFolder, namesIn } from "../../folders.ts";

const TABLE = "worker-1@node2/table.csv";

/** Lines of a text that is cut at those places. */
function pieces(text: string, cuts: readonly number[]): string[] {
  const bytes = new TextEncoder().encode(text);
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])]
    .sort((one, other) => one - other);
  return places.slice(0, -1).map((at, number) => {
    const part = new TextDecoder().decode(bytes.subarray(at, places[number + 1]));
    return pieceLine({
      number,
      kind: "file",
      text: `${JSON.stringify({ path: TABLE, at })}\n${part}`,
    });
  });
}

const tableOf = (dir: string) => Deno.readTextFile(`${dir}/processes/${TABLE}`);

Deno.test("a table is whole however often its pieces come, and by whatever vscope they are read", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 9999 }), { minLength: 1, maxLength: 30 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      fc.nat(),
      async (cells, cuts, stop) => {
        const text = cells.map((cell) => `${cell},row\n`).join("");
        const lines = pieces(text, cuts);
        await inFolder(async (dir) => {
          const first = new SessionFiles(Deno, dir);
          for (const line of lines.slice(0, stop % (lines.length + 1))) await first.take(line);
          const second = new SessionFiles(Deno, dir);
          for (const line of [...lines, ...lines]) assert.ok(await second.take(line));
          await second.end();
          assert.equal(await tableOf(dir), text);
          assert.equal(second.gaps.size, 0);
        });
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("what is behind a damaged piece is kept, and the bytes that are missing are counted", async () => {
  await inFolder(async (dir) => {
    const lines = pieces("one\ntwo\nthree\nfour\n", [4, 8, 14]);
    lines[1] = lines[1]!.slice(0, -6);
    const files = new SessionFiles(Deno, dir);
    for (const line of lines) assert.ok(await files.take(line));
    assert.equal(await tableOf(dir), "one\n");
    await files.end();
    assert.equal(await tableOf(dir), "one\n\nthree\nfour\n");
    assert.deepEqual([...files.gaps], [[TABLE, 4]]);
  });
});

Deno.test("a file that is replaced is the newest one that came whole", async () => {
  await inFolder(async (dir) => {
    const line = (number: number, version: number, at: number, bytes: number, part: string) =>
      pieceLine({
        number,
        kind: "file",
        text: `${JSON.stringify({ path: "worker-1/process.json", at, version, bytes })}\n${part}`,
      });
    const files = new SessionFiles(Deno, dir);
    await files.take(line(0, 1, 0, 4, "ab"));
    await files.take(line(1, 1, 2, 4, "cd"));
    await files.take(line(2, 2, 0, 4, "ef"));
    await files.take(line(3, 1, 0, 2, "xy"));
    assert.equal(await Deno.readTextFile(`${dir}/processes/worker-1/process.json`), "abcd");
  });
});

Deno.test("no piece writes outside the processes of its session", async () => {
  await inFolder(async (dir) => {
    const files = new SessionFiles(Deno, dir);
    for (
      const path of ["../x", "/etc/x", "a/../../x", "a/b/c", ".ssh/x", "a/.x", "a\n/x", "", "a/"]
    ) {
      const text = `${JSON.stringify({ path, at: 0 })}\nevil`;
      assert.equal(filePartOf({ number: 0, kind: "file", text }), undefined, path);
      await files.take(pieceLine({ number: 0, kind: "file", text }));
    }
    assert.deepEqual(await namesIn(dir), []);
  });
});
