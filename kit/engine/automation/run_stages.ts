/**
 * Runs the stages of an automation one after the other, and knows on a second run what is done.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError, UsageError } from "../../contract/errors.ts";
import { isThere } from "../../contract/is_there.ts";
import { appendEntry, type JournalEntry, readJournal } from "../../bundle/journal.ts";
import type { StageRecord, StageStatus } from "../../bundle/manifest.ts";
import type { Stage, StageEnd } from "./stage.ts";
import { StageOutput } from "./stage_output.ts";
import { leftText, TimeLeft } from "./time_left.ts";

/** Name of the journal within the bundle of a run. */
export const JOURNAL_NAME = "journal.jsonl";

/** The log of a stage, relative to the bundle's folder. */
export const logOf = (stage: string) => `logs/${stage}.log`;

/** What came of the stages. */
export interface StagesRun {
  records: StageRecord[];
  /** Stages that had been done before. */
  kept: string[];
  /** Why the journal could not be written; the run goes on without it. */
  journalFailure?: string;
}

/** What is told of stages as they end. */
export interface StagesOptions {
  /** The bundle's folder; its folder `logs` has to be there. */
  out: string;
  /** Whether the time for the run is over: what is done is told, and nothing is begun. */
  spent?(): boolean;
  /** Called with all records whenever one changes. */
  changed(records: readonly StageRecord[]): Promise<void>;
}

/** Runs the stages that are not done; those that need one that failed are skipped. */
export async function runStages(
  context: RunContext,
  stages: readonly Stage[],
  { out, spent, changed }: StagesOptions,
): Promise<StagesRun> {
  const { files, clock, output, signal } = context;
  const before = await readJournal(files, `${out}/${JOURNAL_NAME}`);
  const run: StagesRun = { records: stages.map(recordOf), kept: [] };
  const left = new TimeLeft(stages);
  const journal = async (event: string, more: Record<string, unknown>) => {
    const entry: JournalEntry = { event, at: clock.now().toISOString(), ...more };
    try {
      await appendEntry(files, `${out}/${JOURNAL_NAME}`, entry);
    } catch (error) {
      run.journalFailure ??= messageOf(error);
    }
  };
  for (const [place, stage] of stages.entries()) {
    if (signal.aborted) break;
    const record = run.records[place]!;
    const number = `[${place + 1}/${stages.length}]`;
    const settle = async (ended: Partial<StageRecord> & { status: StageStatus }, here?: number) => {
      Object.assign(record, ended);
      left.over(stage.name, here);
      const { name, status, reason, seconds } = record;
      output.event?.("stage", {
        name,
        status,
        number: place + 1,
        of: stages.length,
        reason,
        seconds,
      });
      await changed(run.records);
    };
    if (await stage.done(context)) {
      run.kept.push(stage.name);
      output.note(`${number} ${stage.title}: done before`);
      await settle(lastEnd(before.entries, stage.name));
      continue;
    }
    if (spent?.()) continue;
    const missing = stage.needs.find((need) => !hasLeft(run.records, need));
    if (missing !== undefined) {
      const reason = `needs what ${missing} leaves`;
      output.note(`${number} ${stage.title}: skipped, ${reason}`);
      await settle({ status: "skipped", reason });
      continue;
    }
    const { needed, why } = await stage.needed?.(context) ?? { needed: true, why: undefined };
    if (!needed) {
      output.note(`${number} ${stage.title}: left out, ${why}`);
      await settle({ status: "unneeded", reason: why! });
      continue;
    }
    const expected = leftText(left.seconds());
    output.note(`${number} ${stage.title} (${expected}${why === undefined ? "" : `; ${why}`})`);
    output.event?.("stage", {
      name: stage.name,
      status: "running",
      number: place + 1,
      of: stages.length,
    });
    await journal("begin", { stage: stage.name });
    const begun = clock.monotonicMs();
    const elapsed = () => (clock.monotonicMs() - begun) / 1000;
    const heading = () =>
      `${number} ${Math.round(elapsed())} s, ${leftText(left.seconds(stage.name, elapsed()))}`;
    const about = () => ({
      stage: stage.name,
      place: place + 1,
      stages: stages.length,
      run_left_sec: Math.round(left.seconds(stage.name, elapsed())),
    });
    const own = new StageOutput(output, clock, `${out}/${logOf(stage.name)}`, heading, about);
    const end = await runOne({ ...context, output: own }, stage, out);
    own.close();
    const seconds = Number(elapsed().toFixed(3));
    await journal("end", { stage: stage.name, seconds, ...end });
    await settle({ ...end, seconds, log: logOf(stage.name) }, seconds);
    const reason = end.reason === undefined ? "" : `: ${end.reason}`;
    output.note(`${number} ${end.status} after ${Math.round(seconds)} s${reason}`);
  }
  return run;
}

function recordOf({ name, title, bundle }: Stage): StageRecord {
  return { name, title, ...(bundle === undefined ? {} : { bundle }) };
}

/** Whether a stage left something that others can use. */
function hasLeft(records: readonly StageRecord[], name: string): boolean {
  const status = records.find((record) => record.name === name)?.status;
  return status === "complete" || status === "partial";
}

/** What the journal says of a stage that is done; one that was killed right after has no end there. */
function lastEnd(
  entries: readonly JournalEntry[],
  stage: string,
): Partial<StageRecord> & { status: StageStatus } {
  const last = entries.findLast((entry) => entry["stage"] === stage);
  const { status, seconds, reason, steps } = last?.event === "end"
    ? last as unknown as Partial<StageRecord>
    : {};
  const partial = status === "partial";
  return {
    status: partial ? "partial" : "complete",
    log: logOf(stage),
    ...(typeof seconds === "number" ? { seconds } : {}),
    ...(partial && typeof reason === "string" ? { reason } : {}),
    ...(Array.isArray(steps) ? { steps } : {}),
  };
}

async function runOne(context: RunContext, stage: Stage, out: string): Promise<StageEnd> {
  try {
    if (stage.bundle !== undefined && await stage.begins?.(context)) {
      await clear(context, stage, out);
    }
    const end = await stage.run(context);
    return context.signal.aborted && end.status !== "complete"
      ? { ...end, status: "interrupted" }
      : end;
  } catch (error) {
    if (context.signal.aborted) return { status: "interrupted" };
    const own = error instanceof RunError || error instanceof UsageError;
    const reason = own ? messageOf(error) : `vscope itself failed: ${messageOf(error)}`;
    context.output.error(reason);
    return { status: "failed", reason };
  }
}

/** Removes what an earlier try left, but for its logs. */
async function clear({ files }: RunContext, stage: Stage, out: string): Promise<void> {
  const dir = `${out}/${stage.bundle}`;
  if (!await isThere(files, dir)) return;
  const kept = `${out}/logs/earlier`;
  await files.mkdir(kept, { recursive: true });
  for (let count = 1;; count++) {
    const target = `${kept}/${stage.bundle}-${count}`;
    if (await isThere(files, target)) continue;
    await files.rename(`${dir}/logs`, target).catch(() => {});
    break;
  }
  await files.remove(dir, { recursive: true });
}
