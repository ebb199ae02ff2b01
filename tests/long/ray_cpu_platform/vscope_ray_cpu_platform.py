"""Apart from the plugin, which vLLM loads before it knows its platform."""

from vllm.platforms.cpu import CpuPlatform


class RayCpuPlatform(CpuPlatform):
    ray_device_key = "GPU"
