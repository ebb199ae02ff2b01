/** Stands in for vLLM where a test is of what the hooks do with it, and not of vLLM. */

/** Packages by the names of vLLM's, which write down what they are told. */
const VLLM: Record<string, string> = {
  "vllm/__init__.py": "",
  "vllm/engine/__init__.py": "",
  "vllm/entrypoints/__init__.py": "",
  "vllm/v1/__init__.py": "",
  "vllm/v1/engine/__init__.py": "",
  "vllm/config/__init__.py": `
from dataclasses import dataclass
@dataclass
class ProfilerConfig:
    profiler: str = None
    torch_profiler_dir: str = ""
    max_iterations: int = 0
`,
  "vllm/engine/arg_utils.py": `
from importlib.metadata import entry_points
human_readable_int_or_auto = int
class EngineArgs:
    def __init__(self, profiler_config=None, enforce_eager=False, kv_cache_memory_bytes=None,
                 num_gpu_blocks_override=None, max_model_len=None):
        self.profiler_config = profiler_config
        self.enforce_eager = enforce_eager
        self.kv_cache_memory_bytes = kv_cache_memory_bytes
        self.num_gpu_blocks_override = num_gpu_blocks_override
        self.max_model_len = max_model_len
        for plugin in entry_points(group="vllm.general_plugins"):
            plugin.load()()
    def create_engine_config(self):
        return self.profiler_config
`,
  "vllm/v1/engine/llm_engine.py": `
import os, time
class LLMEngine:
    def __init__(self, told, config):
        self.told, self.config = told, config
    def step(self):
        self.told.append("step")
        time.sleep(float(os.environ.get("FAKE_STEP_SECONDS", "0")))
    def stop_profile(self):
        self.told.append("stop")
        self.write_trace(self.config)
    def write_trace(self, config):
        # Nobody waits for the steps that follow.
        os.environ["FAKE_STEP_SECONDS"] = "0"
        time.sleep(float(os.environ.get("FAKE_FLUSH_SECONDS", "0")))
        if config and os.environ.get("FAKE_TRACE"):
            os.makedirs(config.torch_profiler_dir, exist_ok=True)
            with open(config.torch_profiler_dir + "/rank0.17.pt.trace.json", "w") as out:
                out.write(os.environ["FAKE_TRACE"])
`,
  "vllm/entrypoints/llm.py": `
from vllm.engine.arg_utils import EngineArgs
from vllm.v1.engine.llm_engine import LLMEngine
class LLM:
    def __init__(self, profiler_config=None, broken=False, **more):
        self.args = EngineArgs(profiler_config, **more)
        self.config = self.args.create_engine_config()
        self.told, self.broken = [], broken
        self.llm_engine = LLMEngine(self.told, self.config)
    def generate(self, prompts, between=None):
        """The original."""
        self.told.append("generate")
        for prompt in prompts:
            self.llm_engine.step()
            if between: between()
        if prompts == ["bad"]: raise ValueError("a bad prompt")
        return prompts
    def beam_search(self, prompts):
        return self.generate(prompts) + self.generate(prompts)
    def start_profile(self):
        if self.broken: raise RuntimeError("no profiler")
        self.told.append("start")
    def stop_profile(self):
        self.told.append("stop")
        self.llm_engine.write_trace(self.config)
`,
};

/** Writes the packages to a folder for PYTHONPATH. */
export async function writeFakeVllm(site: string): Promise<void> {
  for (const [path, text] of Object.entries(VLLM)) {
    await Deno.mkdir(`${site}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    await Deno.writeTextFile(`${site}/${path}`, text);
  }
}
