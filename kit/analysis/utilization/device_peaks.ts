/**
 * What devices can do at best, as their vendor says.
 *
 * @module
 */

/** Peaks of one device. */
export interface DevicePeaks {
  /** Tensor cores with dense matrices, 10^12 operations a second; absent where it cannot do it. */
  tflopsBf16?: number;
  tflopsFp16: number;
  tflopsFp8?: number;
  /** The memory's bandwidth, 10^9 bytes a second. */
  gbps: number;
  /** The vendor's document that says so. */
  source: string;
}

/** BF16 and FP16 run at one rate wherever there is BF16. */
function peaks(tflops: number, tflopsFp8: number | undefined, gbps: number, source: string) {
  return {
    tflopsBf16: tflops,
    tflopsFp16: tflops,
    ...(tflopsFp8 === undefined ? {} : { tflopsFp8 }),
    gbps,
    source: `NVIDIA ${source}`,
  };
}

/** Before Ampere there is no BF16. */
function older(tflopsFp16: number, gbps: number, source: string): DevicePeaks {
  return { tflopsFp16, gbps, source: `NVIDIA ${source}` };
}

const H100 = "H100 Tensor Core GPU datasheet, halved: printed with sparsity";
const H200 = "H200 Tensor Core GPU datasheet, halved: printed with sparsity";
const A100 = "A100 Tensor Core GPU datasheet";
const ADA = "Ada GPU architecture whitepaper, with FP32 accumulation";
const V100 = "V100 Tensor Core GPU datasheet";

/**
 * By the name that the driver gives a device, without its maker. Names are matched whole: parts of
 * a device (MIG), laptops and variants of a market have other peaks than what their name resembles.
 */
const DEVICES: Readonly<Record<string, DevicePeaks>> = {
  "GB200": peaks(2500, 5000, 8000, "GB200 NVL72 datasheet, of 72, halved: printed with sparsity"),
  "B200": peaks(2250, 4500, 8000, "DGX and HGX B200 datasheets, of 8, halved where with sparsity"),
  "H200": peaks(989.5, 1979, 4800, H200),
  "H200 NVL": peaks(835.5, 1670.5, 4800, H200),
  "H100 80GB HBM3": peaks(989.5, 1979, 3350, H100),
  "H100 PCIe": peaks(756.5, 1513, 2000, H100),
  "H100 NVL": peaks(835.5, 1670.5, 3900, H100),
  // No public sheet: these are the figures of the one that its vendor gave to customers.
  "H20": peaks(148, 296, 4000, "H20 datasheet, as reported by others"),
  "A100-SXM4-80GB": peaks(312, undefined, 2039, A100),
  "A100-SXM-80GB": peaks(312, undefined, 2039, A100),
  "A100-SXM4-40GB": peaks(312, undefined, 1555, A100),
  "A100 80GB PCIe": peaks(312, undefined, 1935, A100),
  "A100-PCIE-40GB": peaks(312, undefined, 1555, A100),
  "A30": peaks(165, undefined, 933, "A30 Tensor Core GPU datasheet"),
  "A10": peaks(125, undefined, 600, "A10 Tensor Core GPU datasheet"),
  "L40S": peaks(362.05, 733, 864, "L40S datasheet"),
  "L40": peaks(181.05, 362, 864, "L40 datasheet"),
  "L4": peaks(121, 242.5, 300, "L4 Tensor Core GPU datasheet, halved: printed with sparsity"),
  "GeForce RTX 4090": peaks(165.2, 330.3, 1008, ADA),
  "RTX 6000 Ada Generation": peaks(364.2, 728.5, 960, ADA),
  "T4": older(65, 320, "T4 Tensor Core GPU datasheet"),
  "V100-SXM2-16GB": older(125, 900, V100),
  "V100-SXM2-32GB": older(125, 900, V100),
  "V100-PCIE-16GB": older(112, 900, V100),
  "V100-PCIE-32GB": older(112, 900, V100),
  "V100S-PCIE-32GB": older(130, 1134, V100),
};

/** Peaks by the name that `nvidia-smi` prints; undefined for a device that is not known. */
export function devicePeaks(name: string): DevicePeaks | undefined {
  // Drivers of several years name one device with and without its maker and its old brand.
  const key = name.trim().replace(/^NVIDIA /, "").replace(/^Tesla /, "");
  return Object.hasOwn(DEVICES, key) ? DEVICES[key] : undefined;
}
