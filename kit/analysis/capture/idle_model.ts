/**
 * Idle time of devices: the parts of the document that tell of it.
 *
 * @module
 */

/** Why a device did nothing. */
export type IdleCause =
  /** The host had not launched the next kernel: between two steps (scheduling, sampling, waiting). */
  | "host_between_steps"
  /** The host had not launched the next kernel: within a step. */
  | "host_in_step"
  /** The host had not launched the next kernel; the steps are not known. */
  | "host"
  /** Launched while the device was idle, and on its way. */
  | "launch_latency"
  /** The next kernel was queued in time: dependencies between streams, gaps within graphs. */
  | "queued"
  /** No kernel, but a copy or a fill ran. */
  | "copy"
  /** The capture does not tell when the next kernel was launched. */
  | "unknown";

/** Idle time of one cause, over all devices. `share` is of all idle time. */
export interface IdleRow {
  readonly cause: IdleCause;
  readonly gaps: number;
  readonly total_ns: number;
  readonly share: number;
}

/** One long gap between kernels. */
export interface GapRow {
  readonly source: number;
  readonly device: number;
  /** From the capture's first event. */
  readonly start_ns: number;
  readonly duration_ns: number;
  /** The cause of the largest part of it. */
  readonly cause: IdleCause;
  /** The kernel before it. */
  readonly after: string;
  /** The kernel that ended it. */
  readonly before: string;
}

/** Whether the host keeps up. */
export interface LaunchBound {
  /** Share of the devices' span in which they waited for the host to launch. */
  readonly share: number;
  readonly waiting_ns: number;
  /** Kernels (graph replays count once) that found their device idle when they were launched. */
  readonly launches_on_idle: number;
  readonly launches: number;
  /** Median time from a kernel's launch to its start. */
  readonly delay_median_ns?: number;
}
