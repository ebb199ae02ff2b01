/**
 * A large trace made of a small real one: the same events again and again, one copy after another
 * in time, as a longer recording would have them.
 *
 * Times move by the span of the recording from copy to copy; correlations and flow ids, and external
 * ids, move by more than the largest of their kind, so that nothing of a copy is linked to another. As Kineto
 * does, the file lists what PyTorch recorded on the host for all copies first, then what the
 * device's library recorded (calls, kernels, copies, flows), and writes each event on several lines.
 *
 * @module
 */

interface Event {
  ph: string;
  cat?: string;
  name: string;
  ts?: number;
  dur?: number;
  id?: number;
  args?: Record<string, unknown>;
  [key: string]: unknown;
}

/** What was made. */
export interface Made {
  events: number;
  bytes: number;
  copies: number;
}

const HOST = new Set(["cpu_op", "user_annotation", "python_function", "cpu_instant_event"]);

/** Writes a trace of at least `events` events, made of the recording `seed`, to `out`. */
export async function multiply(seed: string, events: number, out: string): Promise<Made> {
  const { traceEvents, ...beside } = JSON.parse(await readText(seed)) as {
    traceEvents: Event[];
  };
  const once = traceEvents.filter(({ ph, cat }) => ph !== "X" && cat !== "ac2g" || cat === "Trace");
  const host = traceEvents.filter(({ ph, cat }) => ph === "X" && HOST.has(cat ?? ""));
  const device = traceEvents.filter((event) => !once.includes(event) && !HOST.has(event.cat ?? ""));
  const copies = Math.max(1, Math.ceil((events - once.length) / (host.length + device.length)));
  const timed = [...host, ...device];
  const first = timed.reduce((least, { ts }) => Math.min(least, ts!), Infinity);
  const last = timed.reduce((most, { ts, dur = 0 }) => Math.max(most, ts! + dur), 0);
  const span = Math.ceil(last - first) + 100;
  const most = (numbers: unknown[]) =>
    numbers.reduce<number>((top, one) => Math.max(top, Number(one ?? 0)), 0) + 1;
  const moves = {
    time: span,
    correlation: most(timed.flatMap(({ id, args }) => [id, args?.["correlation"]])),
    external: most(host.map(({ args }) => args?.["External id"])),
  };
  using file = await Deno.open(out, { write: true, create: true, truncate: true });
  const writer = new Writer(file);
  await writer.text(`${JSON.stringify(beside, null, 2).replace(/\n\}$/, "")},\n  "traceEvents": [`);
  let count = 0;
  const put = (event: Event, copy: number) =>
    writer.text(`${count++ === 0 ? "" : ","}\n${written(event, copy, moves)}`);
  for (const group of [host, device]) {
    for (let copy = 0; copy < copies; copy++) {
      for (const event of group) await put(event, copy);
    }
  }
  for (const event of once) await put(event, 0);
  await writer.text("\n  ]\n}\n");
  await writer.flush();
  return { events: count, bytes: writer.bytes, copies };
}

interface Moves {
  time: number;
  correlation: number;
  external: number;
}

function written(event: Event, copy: number, moves: Moves): string {
  const { args, ts, dur, id, ...rest } = event;
  const head = Object.entries(rest).map(([key, value]) => `"${key}": ${JSON.stringify(value)}`);
  let text = `  {\n    ${head.join(", ")}`;
  if (id !== undefined) text += `, "id": ${id + copy * moves.correlation}`;
  if (ts !== undefined) text += `,\n    "ts": ${(ts + copy * moves.time).toFixed(3)}`;
  if (dur !== undefined) text += `, "dur": ${dur.toFixed(3)}`;
  if (args) {
    const pairs = Object.entries(args).map(([key, value]) =>
      key === "correlation"
        ? `"${key}": ${Number(value) + copy * moves.correlation}`
        : key === "External id"
        ? `"${key}": ${Number(value) + copy * moves.external}`
        : `"${key}": ${JSON.stringify(value)}`
    );
    text += `,\n    "args": {\n      ${pairs.join(", ")}\n    }`;
  }
  return `${text}\n  }`;
}

async function readText(path: string): Promise<string> {
  const file = await Deno.open(path);
  const stream = path.endsWith(".gz")
    ? file.readable.pipeThrough(new DecompressionStream("gzip"))
    : file.readable;
  return await new Response(stream).text();
}

class Writer {
  #parts: string[] = [];
  #length = 0;
  bytes = 0;

  constructor(private readonly file: Deno.FsFile) {}

  async text(text: string): Promise<void> {
    this.#parts.push(text);
    this.#length += text.length;
    if (this.#length > 1 << 20) await this.flush();
  }

  async flush(): Promise<void> {
    let data = new TextEncoder().encode(this.#parts.join(""));
    this.#parts = [];
    this.#length = 0;
    this.bytes += data.length;
    while (data.length > 0) data = data.subarray(await this.file.write(data));
  }
}

if (import.meta.main) {
  const [seed, events, out] = Deno.args;
  const made = await multiply(seed!, Number(events), out!);
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(made)}\n`));
}
