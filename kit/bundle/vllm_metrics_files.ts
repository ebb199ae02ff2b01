/**
 * The files of a bundle that hold what vLLM's own `/metrics` said.
 *
 * @module
 */

/** Folder of them. */
export const VLLM_METRICS_FOLDER = "vllm_metrics";

/** The whole text of the last scrape. */
export const LAST_SCRAPE = `${VLLM_METRICS_FOLDER}/last.prom`;

/** Values over time; a row where a value has changed. */
export const SCRAPED_VALUES = `${VLLM_METRICS_FOLDER}/values.csv`;

/** How it was scraped. */
export const SCRAPES = `${VLLM_METRICS_FOLDER}/scrapes.json`;

/** Columns of {@linkcode SCRAPED_VALUES}. */
export const VALUE_COLUMNS = ["timestamp_sec", "metric", "labels", "value"] as const;

/** What {@linkcode SCRAPES} holds. */
export interface ScrapeRecord {
  /** A reader that knows another number refuses the file. */
  schema_version: 1;
  /** Where vLLM was asked. */
  url: string;
  /** Seconds between two scrapes. */
  interval_sec: number;
  /** Scrapes that were answered. */
  scrapes: number;
  /** Scrapes that were not. */
  failed: number;
  /** Seconds after the session began. */
  first_sec?: number;
  /** Seconds after the session began. */
  last_sec?: number;
  /** When the file of values had its full size: later values are in the last scrape alone. */
  full_at_sec?: number;
  /** Options of vLLM that vscope added, so that it counts more. */
  added_options: readonly string[];
  /** Such options that this vLLM does not have. */
  missing_options: readonly string[];
}

/** Folder of the command's own output. */
export const LOGS_FOLDER = "logs";
