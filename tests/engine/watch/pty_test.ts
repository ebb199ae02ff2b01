/** The real terminal, which `script` of util-linux lends: it is given back however the view ends. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inFolder } from "../../folders.ts";
import { example } from "../../tools/export/sessions.ts";

const CLI = fileURLToPath(new URL("../../../cli.ts", import.meta.url));

const there = await new Deno.Command("script", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);

/** Runs the view, ends it, and returns what the terminal saw and how it is set afterwards. */
async function seen(
  log: string,
  end: (pid: number, press: (key: string) => Promise<void>) => void,
) {
  const inner = `trap : INT; stty -a | grep -o -- '-\\?icanon'; stty cols 100 rows 24; ` +
    `sh -c 'echo PID $$; exec "$0" run -A --quiet "$1" watch "$2"' ` +
    `"${Deno.execPath()}" "${CLI}" "${example("session")}"; ` +
    `echo CODE $?; stty -a | grep -o -- '-\\?icanon'`;
  const child = new Deno.Command("script", {
    args: ["-qfc", inner, log],
    env: { TERM: "xterm" },
    stdin: "piped",
    stdout: "null",
  }).spawn();
  const keyboard = child.stdin.getWriter();
  const press = (key: string) => keyboard.write(new TextEncoder().encode(key));
  const text = () => Deno.readTextFile(log).catch(() => "");
  for (let tries = 0; !(await text()).includes("CUDA graphs"); tries++) {
    assert.ok(tries < 3000, "waited for five minutes");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  end(Number(/PID (\d+)/.exec(await text())![1]), press);
  for (let tries = 0; !/CODE \d+[\s\S]*icanon/.test(await text()); tries++) {
    assert.ok(tries < 3000, "waited for five minutes");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await keyboard.close();
  await child.status;
  return await text();
}

Deno.test({
  name: "a real terminal is given back on q, Ctrl-C, TERM, a second TERM, HUP and QUIT",
  ignore: !there,
  async fn() {
    const endings: [string, number, Parameters<typeof seen>[1]][] = [
      ["q", 0, (_, press) => void press("q")],
      ["Ctrl-C", 130, (_, press) => void press("\x03")],
      ["TERM", 143, (pid) => Deno.kill(pid, "SIGTERM")],
      ["TERM twice", 143, (pid) => {
        Deno.kill(pid, "SIGTERM");
        try {
          Deno.kill(pid, "SIGTERM");
        } catch (error) {
          // The first was enough.
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }],
      ["HUP", 129, (pid) => Deno.kill(pid, "SIGHUP")],
      ["QUIT", 129, (pid) => Deno.kill(pid, "SIGQUIT")],
    ];
    await inFolder(async (dir) => {
      for (const [name, code, end] of endings) {
        const text = await seen(`${dir}/${name}`, end);
        const after = text.slice(text.lastIndexOf("\x1b[?1049l"));
        assert.ok(text.includes("\x1b[?1049h") && after.startsWith("\x1b[?1049l"), name);
        assert.ok(text.includes("\x1b[?25h"), `${name}: the cursor`);
        assert.match(after, new RegExp(`CODE ${code}\\b`), name);
        assert.deepEqual(text.match(/^-?icanon/gm), ["icanon", "icanon"], name);
      }
    });
  },
});
