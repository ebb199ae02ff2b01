/**
 * The real terminal, which is left as it was found.
 *
 * @module
 */

import type { Terminal } from "../../contract/context.ts";

/** The other screen, without a cursor; lines are not wrapped. */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/** Whether there is one to draw on. */
export function isTerminal(): boolean {
  return Deno.stdout.isTerminal() && Deno.stdin.isTerminal() && Deno.env.get("TERM") !== "dumb";
}

/** The terminal of this process. */
export function systemTerminal(): Terminal {
  return { size, write, open };
}

function size(): { columns: number; rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    return { columns: 80, rows: 24 };
  }
}

function write(text: string): void {
  let data = new TextEncoder().encode(text);
  try {
    while (data.length > 0) data = data.subarray(Deno.stdout.writeSync(data));
  } catch {
    // The terminal is gone: whoever draws on it hears of that by a signal.
  }
}

function open(listeners: { key(text: string): void; resized(): void }): { close(): void } {
  let drawn = false;
  const enter = () => {
    if (drawn) return;
    drawn = true;
    // Ctrl-C and Ctrl-Z stay signals.
    Deno.stdin.setRaw(true, { cbreak: true });
    write(ENTER);
  };
  const leave = () => {
    if (!drawn) return;
    drawn = false;
    write(LEAVE);
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal is gone.
    }
  };
  const stop = () => {
    leave();
    Deno.kill(Deno.pid, "SIGSTOP");
  };
  const goOn = () => {
    enter();
    listeners.resized();
  };
  const hangUp = () => {
    leave();
    Deno.exit(129);
  };
  const signals: [Deno.Signal, () => void][] = Deno.build.os === "windows" ? [] : [
    ["SIGWINCH", listeners.resized],
    ["SIGTSTP", stop],
    ["SIGCONT", goOn],
    ["SIGHUP", hangUp],
    ["SIGQUIT", hangUp],
  ];
  for (const [signal, listener] of signals) Deno.addSignalListener(signal, listener);
  // Deno.exit and errors that nobody catches come this way.
  globalThis.addEventListener("unload", leave);
  enter();
  const reader = Deno.stdin.readable.getReader();
  let open = true;
  (async () => {
    const decoder = new TextDecoder();
    while (open) {
      const { value, done } = await reader.read();
      if (done || !open) return;
      listeners.key(decoder.decode(value, { stream: true }));
    }
  })().catch(() => {});
  return {
    close() {
      open = false;
      leave();
      globalThis.removeEventListener("unload", leave);
      for (const [signal, listener] of signals) Deno.removeSignalListener(signal, listener);
      reader.cancel().catch(() => {});
    },
  };
}
