/** Where words go: progress drawn over itself on a terminal, lines of JSON elsewhere. */

import assert from "node:assert/strict";
import { outputOn } from "../../../kit/engine/system/system_output.ts";

const LOUD = { quiet: false, verbose: false, color: false };

/** What a terminal of some width shows in the end, line by line. */
function shown(written: string): string[] {
  const lines = [""];
  let row = 0;
  let column = 0;
  // deno-lint-ignore no-control-regex -- escape sequences are what it reads
  for (const [token] of written.matchAll(/\x1b\[1A|\x1b\[K|\r|\n|[^\x1b\r\n]+/g)) {
    if (token === "\x1b[1A") row--;
    else if (token === "\x1b[K") lines[row] = lines[row]!.slice(0, column);
    else if (token === "\r") column = 0;
    else if (token === "\n") {
      row++;
      column = 0;
      lines[row] ??= "";
    } else {
      lines[row] = lines[row]!.slice(0, column) + token + lines[row]!.slice(column + token.length);
      column += token.length;
    }
  }
  return lines;
}

function terminal(width: number, talk = LOUD) {
  let written = "";
  const screen = { columns: () => width, write: (text: string) => (written += text) !== "" };
  const output = outputOn(talk, screen, screen, () => 0);
  return { output, lines: () => shown(written) };
}

function pipe(talk = LOUD) {
  const lines: string[] = [];
  let now = 0;
  const screen = { write: (text: string) => lines.push(...text.trimEnd().split("\n")) > 0 };
  const output = outputOn(talk, screen, screen, () => now);
  return { output, lines, later: (ms: number) => void (now += ms) };
}

Deno.test("progress of several lines replaces itself, and notes stay above it", () => {
  const { output, lines } = terminal(40);
  output.progress("one\ntwo\nthree");
  output.progress("1\n2");
  assert.deepEqual(lines().filter(Boolean), ["1", "2"]);
  output.note("a note");
  output.progress("x\ny\nz");
  assert.deepEqual(lines().filter(Boolean), ["a note", "x", "y", "z"]);
  output.result("the result");
  assert.deepEqual(lines().filter(Boolean), ["a note", "the result"]);
});

Deno.test("a line of progress never wraps", () => {
  const { output, lines } = terminal(10);
  output.progress("0123456789abc\nx");
  output.progress("done");
  assert.deepEqual(lines().filter(Boolean), ["done"]);
});

Deno.test("without a terminal facts are lines of JSON: now and then, and when the part is another", () => {
  const { output, lines, later } = pipe();
  const tell = (part: string, done: number) =>
    output.progress(`the text of ${done}`, { event: "sweep_progress", part, done });
  tell("dense", 1);
  tell("dense", 2);
  tell("moe", 3);
  later(10_001);
  tell("moe", 4);
  assert.deepEqual(lines.map((line) => JSON.parse(line).done), [1, 3, 4]);
  assert.equal(lines.length, 3);
});

Deno.test("without facts it is a note, now and then", () => {
  const { output, lines, later } = pipe();
  output.progress("one");
  output.progress("two");
  later(10_001);
  output.progress("three");
  assert.deepEqual(lines, ["one", "three"]);
});

Deno.test("--quiet silences progress and notes, and no warning", () => {
  for (const { output, lines } of [pipe({ ...LOUD, quiet: true })]) {
    output.progress("one", { event: "e" });
    output.note("two");
    output.detail("three");
    output.warn("four");
    assert.deepEqual(lines, ["vscope: warning: four"]);
  }
});
