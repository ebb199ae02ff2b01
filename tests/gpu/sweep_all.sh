#!/bin/sh
# Measures the sweeps of sweep_all.yaml on a GPU, then lints and validates each; run again it goes on.
#   sweep_all.sh SITE OUT [OPTION…]    SITE: unpacked vLLM; OUT: where perf/H200 is made; options of sweep-all
# $VSCOPE: the program (dist/vscope of this checkout), $BUDGET: seconds for this run (540).
# Needs no network: no weights are loaded, and the configs are vscope's own.
set -u
site=$1 out=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
vscope=${VSCOPE:-$here/../../dist/vscope}
export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}" HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1
export VLLM_USE_FLASHINFER_SAMPLER=0 VLLM_NO_USAGE_STATS=1
mkdir -p "$out"
"$vscope" sweep-all --models "$here/sweep_all.yaml" --hardware H200 --out "$out/perf/H200" \
  --time-budget "${BUDGET:-540}" --json "$@" > "$out/sweep_all.json"
code=$?
echo "sweep-all: $code"
for meta in "$out"/perf/H200/*/*/*/meta.yaml; do
  [ -e "$meta" ] || continue
  dir=${meta%/meta.yaml}
  "$vscope" bundle lint "$dir" || code=1
  "$vscope" bundle validate "$dir" || code=1
done
exit $code
