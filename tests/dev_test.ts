import assert from "node:assert/strict";
import { afterSecondRun, filesAgain } from "./dev/second_run.ts";
import { inModules } from "./dev/test_modules.ts";
import { runTests, type TestResult } from "./dev/test_report.ts";
import { inFolder } from "./folders.ts";

/** Runs test files of these texts; gives what passed, failed and was left out, and what was printed. */
const tested = (...texts: string[]) => testedAs((files, use) => use(files), texts);

async function testedAs(
  put: <T>(files: string[], use: (paths: readonly string[]) => Promise<T>) => Promise<T>,
  texts: string[],
) {
  return await inFolder(async (dir) => {
    const files = texts.map((_, n) => `${dir}/${n}_test.ts`);
    for (const [n, file] of files.entries()) await Deno.writeTextFile(file, texts[n]!);
    let printed = "";
    const print = (output: Uint8Array) => {
      printed += new TextDecoder().decode(output);
      return Promise.resolve();
    };
    const results = await put(files, (paths) => runTests(paths, ["--parallel"], { print }));
    const of = (wanted: TestResult["outcome"]) =>
      results.filter(({ outcome }) => outcome === wanted);
    return { passed: of("passed"), failed: of("failed"), skipped: of("skipped"), printed };
  });
}

Deno.test("./dev test counts what passed, names what failed and where, and what was left out", async () => {
  const { passed, failed, skipped, printed } = await tested(
    `Deno.test("good", async (t) => { await t.step("a step", () => {}); });
     Deno.test({ name: "left & out", ignore: true, fn() {} });`,
    `Deno.test('1 < 2, "they" say', () => { throw new Error("not so"); });`,
  );
  assert.deepEqual([passed.length, skipped.map(({ name }) => name)], [2, ["left & out"]]);
  assert.deepEqual(failed.map(({ name, why }) => [name, why]), [
    ['1 < 2, "they" say', "\n    Uncaught Error: not so"],
  ]);
  assert.match(failed[0]!.file, /1_test\.ts$/);
  assert.match(printed, /not so/);
});

Deno.test("a file that cannot be loaded fails", async () => {
  const { passed, failed, printed } = await tested("throw new Error('broken');");
  assert.deepEqual(passed, []);
  assert.match(failed.map(({ file }) => file).join(), /0_test\.ts/);
  assert.match(printed, /broken/);
});

Deno.test("files that share a module are told apart; where one cannot be loaded, the run fails", async () => {
  const [one, wrong] = [`Deno.test("one", () => {});`, `throw new Error("broken");`];
  const bad = `Deno.test("bad", () => { throw new Error("not so"); });`;
  const inOne = (...texts: string[]) =>
    testedAs((files, use) => inModules(files, 1, use), [...texts, ...Array(9).fill(one)]);
  const { passed, failed } = await inOne(bad);
  assert.equal(passed.length, 9);
  assert.deepEqual(failed.map(({ file }) => file.split("/").at(-1)), ["0_test.ts"]);
  const broken = await inOne(wrong);
  assert.ok(broken.failed.length > 0 && broken.passed.length > 0);
  assert.match(broken.printed, /broken[\s\S]*0_test\.ts/);
  // There is no file to be run again.
  assert.deepEqual(filesAgain(broken.failed), []);
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

Deno.test("of what failed, that counts which fails again alone; the rest is named as unsteady", () => {
  const result = (file: string, name: string, outcome: TestResult["outcome"]): TestResult => ({
    ...{ file, name, outcome },
    why: outcome === "failed" ? "\n    so" : "",
  });
  const first = [
    result("a", "one", "passed"),
    result("b", "two", "failed"),
    result("b", "three", "failed"),
    result("b", "four", "passed"),
    result("c", "deno test ended with exit code 1", "failed"),
  ];
  assert.deepEqual(filesAgain(first), ["b", "c"]);
  const { results, unsteady } = afterSecondRun(first, [
    result("b", "two", "passed"),
    result("b", "three", "failed"),
    result("b", "four", "passed"),
    result("c", "five", "passed"),
  ]);
  assert.deepEqual(results.map(({ name, outcome }) => `${name} ${outcome}`), [
    ...["one passed", "two passed", "three failed", "four passed", "five passed"],
  ]);
  assert.deepEqual(unsteady.map(({ file, name }) => `${file} ${name}`), [
    ...["b two", "c deno test ended with exit code 1"],
  ]);
  // What is broken everywhere is not run again.
  assert.deepEqual(filesAgain(["d", "e"].map((file) => result(file, "x", "failed"))), ["d", "e"]);
  assert.deepEqual(filesAgain([..."abcd"].map((file) => result(file, "x", "failed"))), []);
  assert.deepEqual(filesAgain([result("", "deno test ended with exit code 137", "failed")]), []);
  assert.deepEqual(afterSecondRun(first, []), { results: first, unsteady: [] });
});
