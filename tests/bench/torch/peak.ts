/**
 * What a command takes: time, and the memory of its whole process tree.
 *
 * @module
 */

/** Wall and CPU seconds; the highest sum, over all processes of the tree, of memory that is theirs. */
export interface Peak {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly bytes: number;
}

const SAMPLE_MS = 20;

/** Runs a command with its standard output in a file. Linux: reads /proc. */
export async function peakOf(argv: readonly string[], stdout: string): Promise<Peak> {
  const out = await Deno.open(stdout, { write: true, create: true, truncate: true });
  const began = performance.now();
  const child = new Deno.Command(argv[0]!, {
    args: argv.slice(1),
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const written = child.stdout.pipeTo(out.writable);
  let bytes = 0;
  let cpuSeconds = 0;
  let over = false;
  const watching = (async () => {
    while (!over) {
      const now = await treeOf(child.pid);
      bytes = Math.max(bytes, now.bytes);
      cpuSeconds = Math.max(cpuSeconds, now.cpuSeconds);
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  })();
  const { code } = await child.status;
  const seconds = (performance.now() - began) / 1000;
  over = true;
  await watching;
  await written;
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}`);
  return { seconds, cpuSeconds, bytes };
}

async function treeOf(root: number): Promise<{ bytes: number; cpuSeconds: number }> {
  const parents = new Map<number, number>();
  const facts = new Map<number, { bytes: number; cpuSeconds: number }>();
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = await Deno.readTextFile(`/proc/${name}/stat`);
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      parents.set(Number(name), Number(fields[1]));
      facts.set(Number(name), {
        cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
        bytes: Number(fields[21]) * 4096,
      });
    } catch {
      // It has ended.
    }
  }
  const sum = { bytes: 0, cpuSeconds: 0 };
  for (const [pid, { bytes, cpuSeconds }] of facts) {
    let one: number | undefined = pid;
    while (one !== undefined && one !== root) one = parents.get(one);
    if (one !== root) continue;
    sum.bytes += bytes;
    sum.cpuSeconds += cpuSeconds;
  }
  return sum;
}
