/**
 * The conditions under which a GPU was measured: its clocks, and what held them down.
 *
 * @module
 */

/** What one look at a GPU told; what it does not tell of is absent. */
export interface GpuLook {
  readonly smMhz?: number;
  readonly memoryMhz?: number;
  readonly maxSmMhz?: number;
  readonly temperatureC?: number;
  readonly powerW?: number;
  /** Bits of NVML's clock event reasons. */
  readonly reasons?: number;
}

/** The fields of a look in nvidia-smi's words; the last has two, by the driver's age. */
export const LOOK_FIELDS: readonly string[] = [
  "clocks.sm",
  "clocks.mem",
  "clocks.max.sm",
  "temperature.gpu",
  "power.draw",
];

/** The last field: since driver 535, and before. */
export const REASON_FIELDS: readonly string[] = [
  "clocks_event_reasons.active",
  "clocks_throttle_reasons.active",
];

/** NVML's bits. An idle GPU (bit 0) is not held down. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [0x2, "applications_clocks_setting"],
  [0x4, "sw_power_cap"],
  [0x8, "hw_slowdown"],
  [0x10, "sync_boost"],
  [0x20, "sw_thermal_slowdown"],
  [0x40, "hw_thermal_slowdown"],
  [0x80, "hw_power_brake_slowdown"],
  [0x100, "display_clock_setting"],
]);
const IDLE = 0x1;

/** Those that make times of one hour differ from those of another. */
const THROTTLING: ReadonlySet<string> = new Set([
  "sw_power_cap",
  "hw_slowdown",
  "sw_thermal_slowdown",
  "hw_thermal_slowdown",
  "hw_power_brake_slowdown",
]);

/** Reads what nvidia-smi prints for one GPU with `csv,noheader,nounits`; undefined for anything else. */
export function parseLook(text: string): GpuLook | undefined {
  const lines = text.trim().split("\n");
  const cells = lines[0]!.split(",").map((cell) => cell.trim());
  if (lines.length !== 1 || cells.length !== LOOK_FIELDS.length + 1) return undefined;
  const numbers = cells.map((cell) =>
    /^(?:\d+(?:\.\d+)?|0x[0-9a-f]+)$/i.test(cell) ? Number(cell) : NaN
  );
  const look: { -readonly [key in keyof GpuLook]: number } = {};
  const keys = ["smMhz", "memoryMhz", "maxSmMhz", "temperatureC", "powerW", "reasons"] as const;
  for (const [place, key] of keys.entries()) {
    if (Number.isFinite(numbers[place])) look[key] = numbers[place]!;
  }
  return Object.keys(look).length > 0 ? look : undefined;
}

/** Of all looks of a sweep, as it goes into `meta.yaml`; undefined where there was none. */
export interface GpuConditions {
  readonly looks: number;
  readonly sm_clock_mhz?: Range;
  readonly memory_clock_mhz?: Range;
  readonly max_sm_clock_mhz?: number;
  readonly hottest_c?: number;
  readonly most_power_w?: number;
  /** Share of the looks at which a reason held the clocks down, by reason. */
  readonly held_down?: Readonly<Record<string, number>>;
}

/** Least, median and most. */
export interface Range {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

/** Sums looks up. */
export function conditionsOf(looks: readonly GpuLook[]): GpuConditions | undefined {
  if (looks.length === 0) return undefined;
  const all = (key: keyof GpuLook) =>
    looks.map((look) => look[key]).filter((value) => value !== undefined)
      .toSorted((one, other) => one - other);
  const [sm, memory] = [range(all("smMhz")), range(all("memoryMhz"))];
  const [maxSm, hottest, power] = [all("maxSmMhz"), all("temperatureC"), all("powerW")];
  const reasons = all("reasons");
  return {
    looks: looks.length,
    ...(sm ? { sm_clock_mhz: sm } : {}),
    ...(memory ? { memory_clock_mhz: memory } : {}),
    ...(maxSm.length > 0 ? { max_sm_clock_mhz: maxSm.at(-1)! } : {}),
    ...(hottest.length > 0 ? { hottest_c: hottest.at(-1)! } : {}),
    ...(power.length > 0 ? { most_power_w: power.at(-1)! } : {}),
    ...(reasons.length > 0 ? { held_down: shares(reasons) } : {}),
  };
}

/** What makes the times of these conditions doubtful, in words; undefined where nothing does. */
export function throttlingOf({ held_down }: GpuConditions): string | undefined {
  const found = Object.entries(held_down ?? {}).filter(([reason]) => THROTTLING.has(reason));
  return found.length === 0
    ? undefined
    : found.map(([reason, share]) => `${reason} at ${Math.round(share * 100)} % of the looks`)
      .join(", ");
}

function shares(reasons: readonly number[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const bits of reasons) {
    for (let bit = 1; bit <= bits; bit *= 2) {
      if (bit === IDLE || Math.floor(bits / bit) % 2 === 0) continue;
      const name = REASONS.get(bit) ?? `bit_0x${bit.toString(16)}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return Object.fromEntries(
    [...counts].map(([name, count]) => [name, Math.round(1000 * count / reasons.length) / 1000]),
  );
}

function range(sorted: readonly number[]): Range | undefined {
  if (sorted.length === 0) return undefined;
  return { least: sorted[0]!, median: sorted[sorted.length >> 1]!, most: sorted.at(-1)! };
}
