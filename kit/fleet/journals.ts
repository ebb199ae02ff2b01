/**
 * The journals that the jobs of a sweep wrote, as one: each time of a shot once, whoever measured it.
 *
 * @module
 */

import {
  type Journal,
  journalLine,
  parseJournal,
  type ShotLine,
  type SweepLine,
} from "../sweep/measure/journal.ts";

/** A journal that was put together. */
export interface JoinedJournal {
  readonly text: string;
  /** Samples that were there twice, and left out. */
  readonly repeated: number;
}

/**
 * Joins journals. A time is a layer's, of a shot, at a TP degree: the first journal that has it counts, so that
 * what is home stays as it is. Runs get new numbers; those of which nothing is kept are left out, but for the
 * first journal's, which is the one of the folder.
 */
export function joinJournals(journals: readonly Journal[]): JoinedJournal {
  const seen = new Set<string>();
  const lines: string[] = [];
  let [number, repeated] = [0, 0];
  for (const [place, journal] of journals.entries()) {
    const own = journal.sweeps.length === 0 ? [] : journal.shots;
    const kept: ShotLine[] = [];
    // Within one journal the later line of a shot counts.
    const fresh = new Set<string>();
    for (const shot of own) {
      const us = Object.fromEntries(
        Object.entries(shot.us).filter(([layer]) => {
          const key = `${shot.tp} ${layer} ${shot.k}`;
          const known = seen.has(key);
          if (known) repeated++;
          else fresh.add(key);
          return !known;
        }),
      );
      if (Object.keys(us).length > 0) kept.push({ ...shot, us });
    }
    for (const key of fresh) seen.add(key);
    const used = new Set(kept.map(({ s }) => s));
    const numbers = new Map<number, number>();
    for (const line of journal.sweeps) {
      if (place > 0 && !used.has(line.sweep)) continue;
      numbers.set(line.sweep, ++number);
      lines.push(journalLine({ ...line, sweep: number }));
    }
    for (const shot of kept) {
      const s = numbers.get(shot.s);
      if (s !== undefined) lines.push(journalLine({ ...shot, s }));
    }
  }
  return { text: lines.join(""), repeated };
}

/** The part of a journal that is of one TP degree, with its runs. */
export function atDegree({ sweeps, shots }: Journal, tp: number): Journal {
  const own = shots.filter((shot) => shot.tp === tp);
  const used = new Set(own.map(({ s }) => s));
  return {
    sweeps: sweeps.filter(({ sweep }: SweepLine) => used.has(sweep)),
    shots: own,
    damaged: 0,
    wholeBytes: 0,
  };
}

/** A journal's lines. */
export function journalText({ sweeps, shots }: Pick<Journal, "sweeps" | "shots">): string {
  return [...sweeps, ...shots].map(journalLine).join("");
}

/** Reads the text of a journal that came in pieces. */
export function journalOf(text: string): Journal {
  const whole = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return parseJournal(new TextEncoder().encode(whole));
}

/** Shots of a job's own run: its journal may begin with what was home before. */
export function broughtBy(
  journal: Pick<Journal, "sweeps" | "shots"> | undefined,
): readonly ShotLine[] {
  const own = Math.max(...journal?.sweeps.map(({ sweep }) => sweep) ?? [], -1);
  return journal?.shots.filter(({ s }) => s === own) ?? [];
}
