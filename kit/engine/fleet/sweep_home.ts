/**
 * A sweep whose TP degrees are measured on a cluster: what is home of it, and its bundle at the end.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf } from "../../contract/errors.ts";
import type { Outcome } from "../../contract/recipe.ts";
import { blankManifest } from "../../bundle/blank_manifest.ts";
import { writeManifest } from "../../bundle/manifest_file.ts";
import { thisProcess } from "../../bundle/liveness.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import { withoutTokens } from "../../bundle/unsecret.ts";
import { writeWhole } from "../../bundle/files/whole_file.ts";
import { atDegree, joinJournals, journalOf, journalText } from "../../fleet/journals.ts";
import { allShots } from "../../fleet/all_shots.ts";
import { placed, type PlacedShot } from "../../fleet/parts.ts";
import type { FleetUnit } from "../../fleet/units.ts";
import type { BatchJob } from "../../sweep/batch/jobs.ts";
import { type Journal, JOURNAL_NAME } from "../../sweep/measure/journal.ts";
import { type SweepSettings, sweepSettings, type SweepSubject } from "../../sweep/plan/settings.ts";
import { closeSweep } from "../sweep/close_sweep.ts";
import type { EngineFacts } from "../sweep/driver.ts";
import { checkIdentity, knownIdentity } from "../sweep/identity.ts";
import { type OpenedFolder, openFolder } from "../sweep/sweep_bundle.ts";
import {
  type DegreeEngine,
  engineRecord,
  keptEngine,
  missing,
  settingsOf,
} from "../sweep/sweep_state.ts";
import type { JobResult } from "./unit_home.ts";

/** So many jobs' logs are kept of a unit. */
const LAST_LOGS = 4;

/** A unit with what its jobs left, in the order of the jobs. */
export interface UnitResults {
  readonly unit: FleetUnit;
  readonly results: ReadonlyMap<number, JobResult>;
  /** How it ended; absent where it has not. */
  readonly status?: string;
  readonly reason?: string;
}

/** A sweep. */
export class SweepHome {
  readonly settings: SweepSettings;
  readonly dir: string;
  #folder: OpenedFolder | undefined;
  readonly #shots = new Map<string, readonly PlacedShot[]>();
  readonly #manifest: Manifest;

  constructor(private readonly context: RunContext, readonly job: BatchJob) {
    const plan = job.plan!;
    this.dir = plan.out;
    this.settings = sweepSettings(plan.values, plan.invocation.found as SweepSubject);
    this.#manifest = {
      ...blankManifest("sweep", plan.invocation.startedAt.toISOString()),
      contract: plan.invocation.contract,
    };
  }

  /** Whether its folder was opened. */
  get isOpen(): boolean {
    return this.#folder !== undefined;
  }

  /**
   * Opens its folder, new or one to go on with. Needs read and write permission.
   *
   * @throws {UsageError} where the folder holds something else, or another model.
   */
  async open(): Promise<void> {
    if (this.#folder) return;
    const { files } = this.context;
    const { values } = this.job.plan!;
    this.#manifest.open_by = await thisProcess(files);
    const check = (found: Journal, dir: string) =>
      checkIdentity(dir, found, knownIdentity(this.settings), values.mix);
    this.#folder = await openFolder(
      this.context,
      this.dir,
      { ...values, force: false },
      this.#manifest,
      check,
    );
  }

  /** All that is home, as one journal. What is of another machine or software than the rest is left out. */
  joined(units: readonly UnitResults[]): Journal {
    return journalOf(joinJournals(this.#agreeing(allJournals(units))).text);
  }

  /** What is home of a unit, for a job that goes on with it. */
  homeOf(unit: FleetUnit, units: readonly UnitResults[]): string {
    return journalText(atDegree(this.joined(units), unit.tp));
  }

  /** Why what a job measured cannot be in one bundle with the rest; undefined where it can. */
  conflictOf(result: JobResult, units: readonly UnitResults[]): string | undefined {
    const others = allJournals(units).filter((journal) => journal !== result.journal);
    return this.#conflict(this.#agreeing(others), result.journal);
  }

  /** Shots that a unit lacks; undefined where no engine has told what it can have. */
  missingOf(unit: FleetUnit, units: readonly UnitResults[]): PlacedShot[] | undefined {
    const facts = this.#engineAt(unit.tp, units);
    if (!facts) return undefined;
    const { settings } = this;
    const { values } = this.job.plan!;
    const left = missing({ settings, values, journal: this.joined(units) }, unit.tp, facts);
    if (left.length === 0) return [];
    const keys = new Set(left.map(({ k }) => k));
    return this.shotsOf(unit, units).filter(({ k }) => keys.has(k));
  }

  /** All shots of a unit, as its engine's limits leave them, and as the plan has them before one has told those. */
  shotsOf({ tp }: FleetUnit, units: readonly UnitResults[]): readonly PlacedShot[] {
    const facts = this.#engineAt(tp, units);
    const { max_model_len, num_cache_tokens, block_size, missing: absent = [] } = facts ?? {};
    const key = JSON.stringify([tp, max_model_len, num_cache_tokens, block_size, absent]);
    let found = this.#shots.get(key);
    if (!found) {
      const settings = facts ? settingsOf(this.settings, facts) : this.settings;
      found = placed(allShots(settings, tp, new Set(absent)));
      this.#shots.set(key, found);
    }
    return found;
  }

  /** Writes the tables of what is home and closes the bundle. Needs write permission. */
  async close(units: readonly UnitResults[], interrupted: boolean): Promise<Outcome> {
    await this.open();
    const notes = [...this.#manifest.notes];
    try {
      return await this.#close(units, interrupted);
    } catch (error) {
      // It may be tried again, and says then what there is to say.
      this.#manifest.notes = notes;
      throw error;
    }
  }

  async #close(units: readonly UnitResults[], interrupted: boolean): Promise<Outcome> {
    const { context, dir, settings } = this;
    const { files } = context;
    const journal = this.joined(units);
    await writeWhole(files, `${dir}/${JOURNAL_NAME}`, journalText(journal));
    const manifest = this.#manifest;
    const engines = new Map<number, DegreeEngine>();
    for (const { unit, results, status, reason } of units) {
      const facts = this.#engineAt(unit.tp, units);
      const failed = [...results.values()].flatMap(({ end }) => end?.failed ?? []);
      if (facts) {
        const byKey = new Map(failed.map((one) => [one.k, one]));
        engines.set(unit.tp, { facts, failed: [...byKey.values()] });
        manifest.engine[`tp${unit.tp}`] = engineRecord(facts);
      }
      await this.#writeLogs(unit, results);
      if (status !== "complete" && reason !== undefined) {
        const severity = status === "failed" ? "error" as const : "warning" as const;
        manifest.notes.push({ severity, message: `TP degree ${unit.tp}: ${reason}` });
      }
    }
    this.#addMachines(units);
    await writeManifest(files, dir, manifest);
    const silent = { ...context.output, note: () => {}, warn: () => {}, error: () => {} };
    return await closeSweep({
      context: { ...context, output: silent },
      dir,
      values: this.job.plan!.values,
      settings,
      manifest,
      invocation: this.job.plan!.invocation,
      journal,
      engines: new Map([...engines].toSorted(([one], [other]) => one - other)),
      unfinished: units.some(({ status }) => status !== "complete"),
    }, interrupted);
  }

  /** What the engines of jobs that were not complete said at last. */
  async #writeLogs({ tp }: FleetUnit, results: UnitResults["results"]): Promise<void> {
    const said = [...results].flatMap(([attempt, { end }]) =>
      typeof end?.log === "string" ? [`--- job ${attempt}\n${withoutTokens(end.log)}`] : []
    );
    if (said.length === 0) return;
    const { files } = this.context;
    await files.mkdir(`${this.dir}/logs`, { recursive: true });
    await writeWhole(files, `${this.dir}/logs/tp${tp}.log`, said.slice(-LAST_LOGS).join(""));
  }

  #base(): Journal {
    return this.#folder?.journal ?? journalOf("");
  }

  /** What the folder had, and of these journals those that can be in one bundle with what is before them. */
  #agreeing(journals: readonly Journal[]): Journal[] {
    const kept: Journal[] = [];
    for (const part of [this.#base(), ...journals]) {
      if (this.#conflict(kept, part) === undefined) kept.push(part);
    }
    return kept;
  }

  #conflict(kept: readonly Journal[], part: Journal): string | undefined {
    const sweeps = kept.flatMap((journal) => journal.sweeps);
    try {
      for (const { identity } of part.sweeps) {
        checkIdentity(this.dir, { sweeps }, { ...identity }, this.job.plan!.values.mix);
      }
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  #engineAt(tp: number, units: readonly UnitResults[]): EngineFacts | undefined {
    const own = units.find(({ unit }) => unit.tp === tp);
    return [...own?.results.values() ?? []].findLast(({ engine }) => engine)?.engine ??
      keptEngine(this.#folder?.before, tp);
  }

  /** The manifest is of the machines that measured, not of the one that asked for it. */
  #addMachines(units: readonly UnitResults[]): void {
    const ends = units.flatMap(({ results }) =>
      [...results.values()].flatMap(({ end }) => end ?? [])
    );
    const manifest = this.#manifest;
    for (const { versions } of ends) {
      const { vscope: _, deno: __, ...measured } = versions;
      manifest.versions = { ...measured, ...manifest.versions };
    }
    const devices = [
      ...this.#folder?.before?.devices ?? [],
      ...ends.flatMap(({ devices }) => devices),
    ];
    manifest.devices = [...new Map(devices.map((one) => [JSON.stringify(one), one])).values()];
    const told = new Set(manifest.notes.map(({ message }) => message));
    for (const note of ends.flatMap(({ notes }) => notes)) {
      // Errors are told as the reason of a unit that has failed in the end.
      if (note.severity === "error" || told.has(note.message)) continue;
      told.add(note.message);
      manifest.notes.push(note);
    }
  }
}

function allJournals(units: readonly UnitResults[]): Journal[] {
  return units.flatMap(({ results }) => [...results.values()].map(({ journal }) => journal));
}
