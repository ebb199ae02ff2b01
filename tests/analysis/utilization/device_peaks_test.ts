import assert from "node:assert/strict";
import { devicePeaks } from "../../../kit/analysis/utilization/device_peaks.ts";

Deno.test("devices are known by the name that nvidia-smi prints", () => {
  const known = [
    ["NVIDIA H100 80GB HBM3", 989.5, 3350],
    ["NVIDIA H100 PCIe", 756.5, 2000],
    ["NVIDIA H100 NVL", 835.5, 3900],
    ["NVIDIA H200", 989.5, 4800],
    ["NVIDIA H20", 148, 4000],
    ["NVIDIA A100-SXM4-80GB", 312, 2039],
    ["NVIDIA A100 80GB PCIe", 312, 1935],
    ["A100-PCIE-40GB", 312, 1555],
    ["NVIDIA A10", 125, 600],
    ["NVIDIA A30", 165, 933],
    ["NVIDIA L4", 121, 300],
    ["NVIDIA L40", 181.05, 864],
    ["NVIDIA L40S", 362.05, 864],
    ["NVIDIA B200", 2250, 8000],
    ["NVIDIA GB200", 2500, 8000],
    ["NVIDIA GeForce RTX 4090", 165.2, 1008],
    ["NVIDIA RTX 6000 Ada Generation", 364.2, 960],
    ["Tesla T4", undefined, 320],
    ["Tesla V100-SXM2-32GB", undefined, 900],
  ] as const;
  for (const [name, tflops, gbps] of known) {
    const peaks = devicePeaks(name);
    assert.equal(peaks?.tflopsBf16, tflops, name);
    assert.equal(peaks?.gbps, gbps, name);
    assert.match(peaks.source, /^NVIDIA .*(datasheets?|whitepaper)/);
  }
});

Deno.test("FP8 is twice BF16 where there is FP8, and absent where there is none", () => {
  const rate = (name: string) => {
    const peaks = devicePeaks(name)!;
    return peaks.tflopsFp8 === undefined ? undefined : peaks.tflopsFp8 / peaks.tflopsFp16;
  };
  for (const name of ["H100 80GB HBM3", "H20", "L4", "L40S", "B200", "GeForce RTX 4090"]) {
    assert.ok(Math.abs(rate(name)! - 2) < 0.03, name);
  }
  for (const name of ["A100-SXM4-80GB", "A10", "T4", "V100-SXM2-16GB"]) {
    assert.equal(rate(name), undefined, name);
  }
});

Deno.test("a device that only resembles a known one is not known", () => {
  const unknown = [
    "",
    "constructor",
    "NVIDIA H100",
    "NVIDIA H20-3e",
    "NVIDIA A10G",
    "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
    "NVIDIA GeForce RTX 4090 Laptop GPU",
    "NVIDIA GeForce RTX 4090 D",
    "AMD Instinct MI300X",
  ];
  for (const name of unknown) assert.equal(devicePeaks(name), undefined, name);
});
