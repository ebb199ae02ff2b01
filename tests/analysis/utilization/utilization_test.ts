import assert from "node:assert/strict";
import { devicePeaks } from "../../../kit/analysis/utilization/device_peaks.ts";
import { utilization } from "../../../kit/analysis/utilization/utilization.ts";

const H100 = devicePeaks("NVIDIA H100 80GB HBM3");
const near = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs(actual! - expected) < 1e-3, `${actual}, not ${expected}`);

Deno.test("use is what was needed over what the devices could do", () => {
  const costs = {
    prefill: { flops: 494.75e12, bytes: 1e12 },
    decode: { flops: 1_426_849_792, bytes: 1_309_526_016 },
  };
  const { prefill, decode } = utilization(costs, H100, { prefill: 1, decode: 0.001 });
  near(prefill?.mfuPct, 50);
  near(prefill?.mbuPct, 29.851);
  near(decode?.mfuPct, 0.144);
  near(decode?.mbuPct, 39.090);
  assert.deepEqual({ ...costs.decode, seconds: 0.001 }, {
    flops: decode?.flops,
    bytes: decode?.bytes,
    seconds: decode?.seconds,
  });
});

Deno.test("peaks are those of all devices, at the precision of the work", () => {
  const costs = { decode: { flops: 989.5e12, bytes: 3.35e12 } };
  const two = utilization(costs, H100, { decode: 1 }, { count: 2, precision: "fp8" }).decode;
  near(two?.mfuPct, 25);
  near(two?.mbuPct, 50);
});

Deno.test("what is unknown is absent, not zero", () => {
  const costs = { prefill: { flops: 10, bytes: 20 }, decode: { flops: 1, bytes: NaN } };
  const bare = { flops: 10, bytes: 20 };
  const decode = { flops: 1 };
  assert.deepEqual(utilization(costs, H100, {}), { prefill: bare, decode });
  assert.deepEqual(utilization(costs, H100, { prefill: 0 }), { prefill: bare, decode });
  assert.deepEqual(utilization(costs, undefined, { prefill: 2 }), {
    prefill: { ...bare, seconds: 2 },
    decode,
  });
  const timed = utilization(costs, H100, { prefill: 1, decode: 1 });
  assert.deepEqual(Object.keys(timed.decode!), ["flops", "seconds", "mfuPct"]);
  const imprecise = utilization(costs, H100, { prefill: 1 }, { precision: null }).prefill!;
  assert.deepEqual(Object.keys(imprecise), ["flops", "bytes", "seconds", "mbuPct"]);
  assert.deepEqual(utilization({}, H100, {}), {});
});

Deno.test("a precision that the device does not have gives no MFU", () => {
  const costs = { decode: { flops: 65e12, bytes: 320e9 } };
  const t4 = devicePeaks("Tesla T4");
  const bf16 = utilization(costs, t4, { decode: 1 }).decode!;
  assert.ok(!("mfuPct" in bf16));
  near(bf16.mbuPct, 100);
  near(utilization(costs, t4, { decode: 1 }, { precision: "fp16" }).decode?.mfuPct, 100);
});
