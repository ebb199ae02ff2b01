/**
 * The processes of this machine, as far as they descend from ours.
 *
 * @module
 */

/** A process: its number alone may be used again by another. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** When it was started, in whatever unit the system tells; never shown. */
  started: string;
  zombie: boolean;
}

/** Environment variable by which a process is known as ours, also when it left its group. */
export const RUN_MARKER = "VSCOPE_RUN_ID";

/** All process numbers. */
function numbers(): number[] {
  const found: number[] = [];
  for (const entry of Deno.readDirSync("/proc")) {
    const pid = Number(entry.name);
    if (Number.isInteger(pid)) found.push(pid);
  }
  return found;
}

function readLinux(pid: number): ProcessEntry | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return {
      pid,
      parent: Number(fields[1]),
      group: Number(fields[2]),
      session: Number(fields[3]),
      started: fields[19] ?? "",
      zombie: fields[0] === "Z" || fields[0] === "X",
    };
  } catch {
    return undefined;
  }
}

function isMarked(pid: number, marker: string): boolean {
  try {
    const environment = Deno.readTextFileSync(`/proc/${pid}/environ`);
    return environment.split("\0").some((variable) => variable.startsWith(marker));
  } catch {
    return false;
  }
}

/** Systems without /proc tell all processes in one list. */
function readList(): ProcessEntry[] {
  const { stdout } = new Deno.Command("ps", {
    args: ["-axo", "pid=,ppid=,pgid=,stat=,lstart="],
    stdout: "piped",
    stderr: "null",
  }).outputSync();
  return new TextDecoder().decode(stdout).split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+)$/.exec(line);
    if (!match) return [];
    return [{
      pid: Number(match[1]),
      parent: Number(match[2]),
      group: Number(match[3]),
      session: -1,
      started: match[5]!,
      zombie: match[4]!.startsWith("Z"),
    }];
  });
}

/**
 * Remembers every process that descends from those it was told of.
 *
 * A process is ours when its parent, its group or its session is, or when its environment carries
 * our mark. Each is remembered from the first time it is seen, because later its parent may be
 * gone and its title may have been written over its environment, as vLLM's processes do.
 */
export class ProcessTracker {
  #ours = new Map<number, ProcessEntry>();
  #strangers = new Map<number, string>();
  readonly #marker: string;

  /** @param runId What the value of {@linkcode RUN_MARKER} begins with. */
  constructor(runId: string) {
    this.#marker = `${RUN_MARKER}=${runId}`;
  }

  /** Takes a process as one of ours. */
  watch(pid: number): void {
    const entry = this.#read(pid);
    if (entry) this.#ours.set(pid, entry);
  }

  /** Looks for processes that are new since the last time. */
  update(): void {
    const entries = Deno.build.os === "linux" ? this.#newOnLinux() : readList();
    // A child may stand before its parent in the list: go round until nothing is found.
    let rest = entries;
    for (let found = true; found;) {
      found = false;
      rest = rest.filter((entry) => {
        if (!this.#isOurs(entry)) return true;
        this.#ours.set(entry.pid, entry);
        found = true;
        return false;
      });
    }
    for (const entry of rest) this.#strangers.set(entry.pid, entry.started);
  }

  #newOnLinux(): ProcessEntry[] {
    const pids = numbers();
    const present = new Set(pids);
    for (const pid of this.#strangers.keys()) if (!present.has(pid)) this.#strangers.delete(pid);
    return pids
      .filter((pid) => pid !== Deno.pid && !this.#ours.has(pid) && !this.#strangers.has(pid))
      .flatMap((pid) => readLinux(pid) ?? []);
  }

  #isOurs(entry: ProcessEntry): boolean {
    if (entry.pid === Deno.pid) return false;
    return this.#ours.has(entry.parent) || this.#ours.has(entry.group) ||
      this.#ours.has(entry.session) ||
      (Deno.build.os === "linux" && isMarked(entry.pid, this.#marker));
  }

  /** Numbers of our processes that still run; a zombie does not. */
  alive(): number[] {
    const list = Deno.build.os === "linux" ? undefined : readList();
    const found: number[] = [];
    for (const [pid, known] of this.#ours) {
      const now = list ? list.find((entry) => entry.pid === pid) : readLinux(pid);
      if (now && now.started === known.started && !now.zombie) found.push(pid);
    }
    return found;
  }

  #read(pid: number): ProcessEntry | undefined {
    return Deno.build.os === "linux"
      ? readLinux(pid)
      : readList().find((entry) => entry.pid === pid);
  }
}

/** Sends a signal to a process (or, with a negative number, a group) that may be gone. */
export function sendSignal(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended, or belongs to somebody else by now.
  }
}

/**
 * Ends all processes of a tracker: TERM, `graceMs`, then KILL until none is left (or five seconds
 * have passed: a process that the kernel holds cannot be killed).
 */
export async function endAll(tracker: ProcessTracker, graceMs: number): Promise<void> {
  tracker.update();
  for (const pid of tracker.alive()) sendSignal(pid, "SIGTERM");
  await untilGone(tracker, graceMs, () => {});
  await untilGone(tracker, 5000, () => killAll(tracker));
}

/** KILLs all processes of a tracker at once. */
export function killAll(tracker: ProcessTracker): void {
  for (const pid of tracker.alive()) sendSignal(pid, "SIGKILL");
}

async function untilGone(tracker: ProcessTracker, ms: number, each: () => void): Promise<void> {
  const deadline = performance.now() + ms;
  for (;;) {
    tracker.update();
    if (tracker.alive().length === 0) return;
    each();
    if (performance.now() >= deadline) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
