/**
 * Scrapes a server's own `/metrics` into the bundle while it runs.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { isThere } from "../../contract/is_there.ts";
import { readExposition } from "../../analysis/vllm_metrics/exposition.ts";
import {
  LAST_SCRAPE,
  SCRAPED_VALUES,
  type ScrapeRecord,
  SCRAPES,
  VALUE_COLUMNS,
  VLLM_METRICS_FOLDER,
} from "../../bundle/vllm_metrics_files.ts";

/** What is scraped, and how often. */
export interface ScrapePlan {
  url: string;
  /** The bundle's folder. */
  dir: string;
  startedAt: Date;
  intervalSec: number;
  added: readonly string[];
  missing: readonly string[];
}

/** Most bytes of values over time, and of one scrape. */
const MOST_VALUES = 32 << 20;
const MOST_TEXT = 16 << 20;

/** Buckets are a histogram's bulk: of them the last scrape is enough. */
const BUCKET = /_bucket$/;
/** When a counter was made is no value of the run. */
const CREATED = /_created$/;

/** Scrapes that go on until `finish` is called. */
export class Scraper {
  readonly #ending = new AbortController();
  readonly #record: ScrapeRecord;
  #known = new Map<string, number>();
  #bytes = 0;
  #running: Promise<void>;

  /** Begins at once; a server that does not answer yet is asked again. Needs net permission. */
  constructor(private readonly context: RunContext, private readonly plan: ScrapePlan) {
    this.#record = {
      schema_version: 1,
      url: plan.url,
      interval_sec: plan.intervalSec,
      scrapes: 0,
      failed: 0,
      added_options: plan.added,
      missing_options: plan.missing,
    };
    this.#running = this.#run();
  }

  /** Scrapes a last time, where the server still answers, and writes how it was scraped. */
  async finish(): Promise<ScrapeRecord> {
    if (!this.#ending.signal.aborted) {
      this.#ending.abort();
      await this.#running;
      await this.#scrape(AbortSignal.timeout(3000));
      const { files } = this.context;
      const { dir } = this.plan;
      if (await isThere(files, dir)) {
        await files.mkdir(`${dir}/${VLLM_METRICS_FOLDER}`, { recursive: true });
        const text = JSON.stringify(this.#record, null, 1) + "\n";
        await files.writeTextFile(`${dir}/${SCRAPES}`, text);
      }
    }
    return this.#record;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      // Who waits for the end does not wait for a server that answers late.
      const late = AbortSignal.timeout(Math.min(10_000, 1000 * this.plan.intervalSec));
      await this.#scrape(AbortSignal.any([late, signal]));
      await this.context.clock.sleep(1000 * this.plan.intervalSec, signal);
    }
  }

  async #scrape(signal: AbortSignal): Promise<void> {
    const record = this.#record;
    const at = (this.context.clock.now().getTime() - this.plan.startedAt.getTime()) / 1000;
    let text: string;
    try {
      const response = await fetch(this.plan.url, { signal });
      text = await response.text();
      if (!response.ok || text.length > MOST_TEXT) throw new Error(`status ${response.status}`);
    } catch {
      // Before the first answer the server is still starting.
      if (record.scrapes > 0 && !this.#ending.signal.aborted) record.failed++;
      return;
    }
    try {
      await this.#keep(text, at);
      record.scrapes++;
      record.first_sec ??= at;
      record.last_sec = at;
    } catch {
      // The disk is full, or the session's folder was removed.
      record.failed++;
    }
  }

  async #keep(text: string, at: number): Promise<void> {
    const { files } = this.context;
    const { dir } = this.plan;
    await files.mkdir(`${dir}/${VLLM_METRICS_FOLDER}`, { recursive: true });
    await files.writeTextFile(`${dir}/${LAST_SCRAPE}.tmp`, text);
    await files.rename(`${dir}/${LAST_SCRAPE}.tmp`, `${dir}/${LAST_SCRAPE}`);
    if (this.#bytes >= MOST_VALUES) {
      this.#record.full_at_sec ??= at;
      return;
    }
    const lines: string[] = this.#bytes === 0 ? [VALUE_COLUMNS.join(",")] : [];
    for (const { name, labelText, value } of readExposition(text)) {
      if (BUCKET.test(name) || CREATED.test(name)) continue;
      const key = `${name}{${labelText}`;
      if (this.#known.get(key) === value) continue;
      this.#known.set(key, value);
      lines.push(`${at.toFixed(3)},${name},"${labelText.replaceAll('"', '""')}",${value}`);
    }
    if (lines.length === 0) return;
    const added = lines.join("\n") + "\n";
    await files.writeTextFile(`${dir}/${SCRAPED_VALUES}`, added, { append: true });
    this.#bytes += added.length;
  }
}
