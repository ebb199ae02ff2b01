/**
 * What ncu says while it measures, among the output of its target.
 *
 * @module
 */

import { TargetTalk } from "../nvidia/target_talk.ts";

/** How many names and messages are kept. */
const KEPT = 50;

/** Letters of a name that are shown. */
const SHOWN = 40;

/** Listens to the lines of a run. */
export class NcuTalk extends TargetTalk {
  /** Processes that ncu has got hold of. */
  connected = 0;
  /** Launches whose measuring has begun. */
  measured = 0;
  /** The last of them; ncu itself shortens what is no mangled name. */
  current: string | undefined;
  /** It says that it measured nothing. */
  empty = false;
  /** Kernels that ran, where it names them because none was measured. */
  readonly available: string[] = [];
  #listing = false;
  readonly errors: string[] = [];
  readonly warnings: string[] = [];

  /** Takes a line. The target's own output may stand before or behind ncu's words. */
  override hear(line: string): void {
    super.hear(line);
    for (const [, name] of line.matchAll(/==PROF== Profiling "([^"]*)"/g)) {
      this.measured++;
      this.current = name!.length > SHOWN ? `${name!.slice(0, SHOWN)}…` : name;
    }
    if (/==PROF== Connected to process/.test(line)) this.connected++;
    if (/==(?:WARNING|ERROR)== No kernels were profiled/.test(line)) this.empty = true;
    this.#list(line);
    this.unknownOption ??= /==ERROR== (?:Invalid|Unknown) option '?(--?[\w-]+)/i.exec(line)?.[1];
    const [, kind, text = ""] = /==(ERROR|WARNING)== (.*)$/.exec(line) ?? [];
    const kept = kind === "ERROR" ? this.errors : kind === "WARNING" ? this.warnings : undefined;
    if (kept && kept.length < KEPT && text.trim() !== "") kept.push(text.trim());
  }

  #list(line: string): void {
    if (/^Available Kernels:/.test(line)) {
      this.#listing = true;
      return;
    }
    if (!this.#listing) return;
    const [, name] = /^\s*\d+\. (\S.*?)\s*$/.exec(line) ?? [];
    if (name === undefined) this.#listing = false;
    else if (this.available.length < KEPT) this.available.push(name);
  }
}
