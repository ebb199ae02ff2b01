import assert from "node:assert/strict";
import { runTests } from "./dev/test_report.ts";
import { inFolder } from "./folders.ts";

/** Runs test files of these texts; gives the counts, and what was printed. */
async function tested(...texts: string[]) {
  return await inFolder(async (dir) => {
    const files = texts.map((_, n) => `${dir}/${n}_test.ts`);
    for (const [n, file] of files.entries()) await Deno.writeTextFile(file, texts[n]!);
    let printed = "";
    const print = (output: Uint8Array) => {
      printed += new TextDecoder().decode(output);
      return Promise.resolve();
    };
    return { ...await runTests(files, ["--parallel"], { print }), printed };
  });
}

Deno.test("./dev test counts what passed, names what failed and where, and what was left out", async () => {
  const { passed, failed, skipped, printed } = await tested(
    `Deno.test("good", async (t) => { await t.step("a step", () => {}); });
     Deno.test({ name: "left & out", ignore: true, fn() {} });`,
    `Deno.test('1 < 2, "they" say', () => { throw new Error("not so"); });`,
  );
  assert.deepEqual([passed, skipped], [2, ["left & out"]]);
  assert.equal(failed.length, 1);
  assert.match(failed[0]!, /1_test\.ts: 1 < 2, "they" say\n    Uncaught Error: not so$/);
  assert.match(printed, /not so/);
});

Deno.test("a file that cannot be loaded fails", async () => {
  const { passed, failed, printed } = await tested("throw new Error('broken');");
  assert.equal(passed, 0);
  assert.match(failed.join("\n"), /0_test\.ts/);
  assert.match(printed, /broken/);
});

Deno.test("a test whose process is left behind with its output does not hold up the others", async () => {
  const { failed, printed } = await tested(
    `Deno.test("leaves one", () => {
       const child = new Deno.Command("sleep", { args: ["30"] }).spawn();
       child.unref();
       throw new Error("in a hurry");
     });`,
  );
  assert.equal(failed.length, 1);
  assert.match(printed, /in a hurry/);
});
