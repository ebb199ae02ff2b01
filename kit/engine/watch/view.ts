/**
 * The view on a terminal: keys, and lines that are drawn again only where they have changed.
 *
 * @module
 */

import type { LiveSession } from "../../analysis/live/live_session.ts";
import type { Terminal } from "../../contract/context.ts";
import { draw, PAGES, type ViewState } from "./screen.ts";

/** What a key asks for. */
export type Command =
  | { kind: "quit" | "pause" | "help" | "window" | "back" }
  | { kind: "page"; to: number | "next" | "before" };

const KEYS: Readonly<Record<string, Command>> = {
  "q": { kind: "quit" },
  "Q": { kind: "quit" },
  "\x03": { kind: "quit" },
  "p": { kind: "pause" },
  " ": { kind: "pause" },
  "?": { kind: "help" },
  "h": { kind: "help" },
  "\x1b": { kind: "back" },
  "w": { kind: "window" },
  "\t": { kind: "page", to: "next" },
  "\x1b[C": { kind: "page", to: "next" },
  "\x1bOC": { kind: "page", to: "next" },
  "l": { kind: "page", to: "next" },
  "\x1b[D": { kind: "page", to: "before" },
  "\x1bOD": { kind: "page", to: "before" },
  "\x1b[Z": { kind: "page", to: "before" },
  ...Object.fromEntries(PAGES.map((_, place) => [String(place + 1), { kind: "page", to: place }])),
};

/** The commands in what a terminal sent: several keys may come at once. */
export function commandsOf(text: string): Command[] {
  // deno-lint-ignore no-control-regex -- escape sequences begin with a control character
  const keys = text.match(/\x1b(?:[[O][0-9;]*[A-Za-z~])?|[^\x1b]/g) ?? [];
  return keys.flatMap((key) => KEYS[key] ?? []);
}

/** A view that is open. */
export class View {
  readonly state: ViewState;
  #drawn: string[] = [];
  #size = "";

  constructor(
    private readonly live: LiveSession,
    private readonly terminal: Terminal,
    private readonly color: boolean,
  ) {
    this.state = { page: "overview", window: "recent", paused: false, help: false };
  }

  /** Carries a command out. Returns false when the view is to be left. */
  obey(command: Command): boolean {
    const { state } = this;
    switch (command.kind) {
      case "quit":
        return false;
      case "pause":
        state.paused = !state.paused;
        break;
      case "help":
        state.help = !state.help;
        break;
      case "back":
        state.help = false;
        break;
      case "window":
        state.window = state.window === "recent" ? "whole" : "recent";
        break;
      case "page": {
        const at = PAGES.indexOf(state.page);
        const to = command.to === "next" ? at + 1 : command.to === "before" ? at - 1 : command.to;
        state.page = PAGES[(to + PAGES.length) % PAGES.length]!;
        state.help = false;
      }
    }
    return true;
  }

  /** Draws; all of it where the size has changed or `anew` is asked for. */
  draw(anew = false): void {
    const { columns, rows } = this.terminal.size();
    const size = `${columns}x${rows}`;
    if (anew || size !== this.#size) {
      this.#drawn = [];
      this.terminal.write("\x1b[2J");
    }
    this.#size = size;
    const lines = draw(this.live, this.state, { columns, rows, color: this.color });
    const changed = lines.flatMap((line, row) =>
      line === this.#drawn[row] ? [] : [`\x1b[${row + 1};1H\x1b[2K${line}`]
    );
    this.#drawn = lines;
    if (changed.length > 0) this.terminal.write(changed.join(""));
  }
}
