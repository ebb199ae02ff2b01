"""A platform plugin of vLLM: the CPU, with workers that Ray may place.

vLLM's own CpuPlatform names no resource of Ray and is refused by the Ray executor ("current platform cpu does not
support ray"). All else is as there: the nodes of the test say that they have a GPU each.
"""


def platform():
    return "vscope_ray_cpu_platform.RayCpuPlatform"
