/** The view of `vscope watch`: keys, sizes, what it shows, and that it always gives the terminal back. */

import assert from "node:assert/strict";
import { LiveSession } from "../../../kit/analysis/live/live_session.ts";
import type { RunContext } from "../../../kit/contract/context.ts";
import { systemContext } from "../../../kit/engine/system/context.ts";
import { watch } from "../../../kit/engine/watch/run.ts";
import { draw, PAGES, type ViewState } from "../../../kit/engine/watch/screen.ts";
import { sparkline } from "../../../kit/engine/watch/sparkline.ts";
import { commandsOf } from "../../../kit/engine/watch/view.ts";
import { figure, span } from "../../../kit/engine/watch/words.ts";
import { fc } from "../../deps.ts";
import { inFolder } from "../../folders.ts";
import { example } from "../../tools/export/sessions.ts";
import { FakeTerminal } from "./fake_terminal.ts";

async function ended(name: "session" | "moe"): Promise<LiveSession> {
  const live = new LiveSession(Deno, example(name));
  await live.look(new Date());
  return live;
}

const VALUES = { profilingDir: "/none", once: false, interval: 0.2 };

/** Runs the view on a terminal in memory while `use` plays the person. */
async function viewing(
  dir: string,
  use: (terminal: FakeTerminal, abort: AbortController) => Promise<void>,
): Promise<{ exitCode: number; terminal: FakeTerminal; said: string[] }> {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  const terminal = new FakeTerminal();
  const abort = new AbortController();
  const said: string[] = [];
  const own: RunContext = {
    ...context,
    terminal,
    signal: abort.signal,
    output: {
      ...context.output,
      color: false,
      result: (text) => void said.push(text),
      error: (text) => void said.push(text),
    },
  };
  try {
    const run = watch(own, {
      dir,
      values: { ...VALUES, listen: undefined, print: undefined },
      json: false,
      quiet: false,
    });
    await until(() => terminal.text.includes("vscope watch"));
    await use(terminal, abort);
    return { exitCode: (await run).exitCode, terminal, said };
  } finally {
    await close();
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    assert.ok(tries < 3000, "waited for five minutes");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

Deno.test("the view shows what was recorded, turns its pages, and leaves on q", async () => {
  const { exitCode, terminal, said } = await viewing(example("moe"), async (terminal) => {
    await until(() => terminal.text.includes("KV cache"));
    assert.match(terminal.text, /■ complete/);
    assert.match(terminal.text, /generated .* 33,144 tokens/);
    assert.match(terminal.text, /coverage +97\.5 % .*1,297 of 1,330 passes/);
    assert.match(terminal.text, /finished +227, 0 alive/);
    terminal.press("2");
    assert.match(terminal.text, /\[experts\]/);
    assert.match(terminal.text, /^ +3 +1\.74 .* 0 +[▁-█]{20,}$/m);
    terminal.press("\x1b[C");
    assert.match(terminal.text, /\[hooks\]/);
    assert.match(terminal.text, /engine_core-3543 +ended; request_lifecycle.*\n.*forward_pass/);
    terminal.press("\t?");
    assert.match(terminal.text, /another page/);
    terminal.press("\x1b");
    assert.match(terminal.text, /\[overview\]/);
    terminal.press("p");
    assert.match(terminal.text, /‖ paused/);
    terminal.press("w");
    assert.match(terminal.text, /last seconds/);
    terminal.resize(60, 10);
    assert.equal(terminal.text.split("\n").length, 10);
    assert.match(terminal.text, /lines more/);
    terminal.press("q");
  });
  assert.deepEqual([exitCode, terminal.opened, terminal.closed, said], [0, 1, 1, []]);
});

Deno.test("the terminal is given back on Ctrl-C, and when the session's folder is removed", async () => {
  const stopped = await viewing(example("session"), (_, abort) => {
    abort.abort("SIGTERM");
    return Promise.resolve();
  });
  assert.deepEqual([stopped.exitCode, stopped.terminal.closed], [143, 1]);
  await inFolder(async (dir) => {
    const session = `${dir}/run`;
    await Deno.mkdir(`${session}/processes`, { recursive: true });
    await Deno.writeTextFile(
      `${session}/bundle.json`,
      JSON.stringify({
        schema_version: 1,
        started_at: new Date().toISOString(),
        open_by: { pid: Deno.pid, host: Deno.hostname() },
      }),
    );
    const removed = await viewing(session, async (terminal) => {
      assert.match(terminal.text, /● running/);
      assert.match(terminal.text, /No batch has been scheduled yet/);
      await Deno.remove(session, { recursive: true });
    });
    assert.deepEqual([removed.exitCode, removed.terminal.closed], [1, 1]);
    assert.match(removed.said.join(), /run" was removed while it was watched/);
  });
});

Deno.test("the view fits terminals of any size, on every page", async () => {
  const live = await ended("moe");
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 250 }),
    fc.integer({ min: 1, max: 60 }),
    fc.constantFrom(...PAGES),
    fc.boolean(),
    fc.constantFrom("recent" as const, "whole" as const),
    (columns, rows, page, help, window) => {
      const state: ViewState = { page, help, window, paused: false };
      const lines = draw(live, state, { columns, rows, color: false });
      assert.equal(lines.length, rows);
      for (const line of lines) assert.ok([...line].length <= columns, line);
      const coloured = draw(live, state, { columns, rows, color: true });
      // deno-lint-ignore no-control-regex -- escape sequences begin with a control character
      assert.deepEqual(coloured.map((line) => line.replace(/\x1b\[[\d;]*m/g, "")), lines);
    },
  ));
});

Deno.test("keys are read one by one, also several at once, and others do nothing", () => {
  const kinds = (text: string) => commandsOf(text).map((command) => command.kind);
  assert.deepEqual(kinds("pw"), ["pause", "window"]);
  assert.deepEqual(kinds("\x1b[C\x1b[Dq"), ["page", "page", "quit"]);
  assert.deepEqual(kinds("\x1b"), ["back"]);
  assert.deepEqual(kinds("\x1b[5~x\x1b[1;5Cé"), []);
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void commandsOf(text)));
});

Deno.test("a chart has a bar for each value, and none for what is missing", () => {
  assert.equal(sparkline([0, 1, 4, undefined, 8]), "▁▁▄ █");
  assert.equal(sparkline([50, 100], 100), "▄█");
  assert.equal(sparkline([undefined, 0]), " ▁");
  fc.assert(fc.property(
    fc.array(fc.option(fc.double({ noNaN: true, min: 0, max: 1e12 }), { nil: undefined })),
    (values) => {
      const bars = [...sparkline(values)];
      assert.equal(bars.length, values.length);
      for (const [place, value] of values.entries()) {
        assert.equal(bars[place] === " ", value === undefined);
      }
    },
  ));
});

Deno.test("numbers are written for people", () => {
  assert.deepEqual(
    [1234567, 12.345, 0.5, 1234.5, 99.96, undefined, NaN].map(figure),
    ["1,234,567", "12.3", "0.50", "1,235", "100.0", "–", "–"],
  );
  assert.deepEqual([5, 65, 7384].map(span), ["5 s", "1 min 05 s", "2 h 03 min"]);
});
