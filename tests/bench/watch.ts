/**
 * The share of a core that `vscope watch` takes on a terminal, beside a session that runs.
 *
 * `script` of util-linux gives it the terminal. Reads /proc: Linux only.
 *
 * @module
 */

import { ROOT, say } from "../dev/run.ts";

const SECONDS = Number(Deno.args[0] ?? 60);
const RATES = [20, 100, 400];
/** Clock ticks in a second, as Linux has them. */
const TICKS = 100;

/** The seconds of a core that a process and its threads have taken. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** The process that runs `watch DIR`. */
async function watcherOf(dir: string): Promise<number> {
  for (;;) {
    for await (const { name } of Deno.readDir("/proc")) {
      const line = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
      const words = line.split("\0");
      if (words[0] === Deno.execPath() && words.includes("watch") && words.includes(dir)) {
        return Number(name);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

await say("| steps a second | share of a core | memory |\n|---|---|---|");
for (const rate of RATES) {
  const parent = await Deno.makeTempDir({ prefix: "vscope-bench-" });
  const dir = `${parent}/run`;
  const deno = [Deno.execPath(), "run", "-A", "--quiet"];
  const [program, ...args] = [...deno, `${ROOT}/tests/bench/live/session.ts`, dir];
  const writer = new Deno.Command(program!, { args: [...args, String(SECONDS + 30), String(rate)] })
    .spawn();
  await sleep(3);
  const command = [...deno, `${ROOT}/cli.ts`, "watch", dir].join(" ");
  const terminal = new Deno.Command("script", {
    args: ["-qfc", `stty cols 130 rows 30; exec ${command}`, "/dev/null"],
    stdin: "piped",
    stdout: "null",
  }).spawn();
  const pid = await watcherOf(dir);
  // It has started and caught up.
  await sleep(8);
  const before = await cpuSeconds(pid);
  await sleep(SECONDS);
  const share = (await cpuSeconds(pid) - before) / SECONDS;
  const memory = /VmRSS:\s+(\d+)/.exec(await Deno.readTextFile(`/proc/${pid}/status`))![1];
  await say(
    `| ${rate} | ${(100 * share).toFixed(2)} % | ${Math.round(Number(memory) / 1024)} MiB |`,
  );
  Deno.kill(pid, "SIGTERM");
  await terminal.stdin.close();
  await terminal.status;
  writer.kill("SIGTERM");
  await writer.status;
  await Deno.remove(parent, { recursive: true });
}
