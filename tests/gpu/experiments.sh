#!/bin/sh
# What is run on a GPU: several small engines, each checked against something independent.
#   experiments.sh SITE OUT     SITE: unpacked vLLM; OUT: where logs and sessions go
set -u
site=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH=$here/../../hooks:$site HF_HUB_OFFLINE=1 VLLM_USE_FLASHINFER_SAMPLER=0 PYTHONUNBUFFERED=1
go() { # NAME SCRIPT-AND-ARGS…
  name=$1; shift
  mkdir -p "$out/$name"
  VLLM_PROFILING_DIR=$out/$name/sessions timeout 420 python3 "$here/$1" "$out/$name/work" $2 $3 > "$out/$name/log" 2>&1
}
# One after another: engines that start together take each other's memory for their own.
VLLM_USE_V2_MODEL_RUNNER=1 go graphs-v2 graphs.py "" ""
VLLM_USE_V2_MODEL_RUNNER=0 go graphs-v1 graphs.py "" ""
USE_CUDA_EVENTS=0 go host-clock graphs.py "" ""
go experts-graphs experts.py "" ""
go experts-eager experts.py eager ""
for name in graphs-v2 graphs-v1 host-clock experts-graphs experts-eager; do
  echo "=== $name"
  grep -h "model_runner\|Using.*runner\|Error\|error:" "$out/$name/log" | tail -3 | cut -c1-300
  python3 "$here/check.py" "$out/$name"/sessions/session_* "$out/$name/log" 2>&1 | cut -c1-1500
done
# Encoders: the tiny models of the end-to-end tests.
for model in whisper vlm; do
  mkdir -p "$out/$model"
  python3 "$here/../e2e/scripts/make_tiny_$model.py" "$out/$model/model" > "$out/$model/log" 2>&1
  VLLM_PROFILING_DIR=$out/$model/sessions timeout 300 \
    python3 "$here/../e2e/scripts/run_$model.py" "$out/$model/model" >> "$out/$model/log" 2>&1
  echo "=== $model"
  cat "$out/$model"/sessions/session_*/processes/*/encoder_decoder_timing.csv 2>&1 | head -12
done
