# Read by the scripts beside it (`. "$here/place.sh"`), which have set name, site and out: where vscope is and what is
# recorded goes, and how vLLM is found.
vscope=${VSCOPE:-$here/../../dist/vscope}
work=${WORK:-${TMPDIR:-/tmp}/vscope-$name}
export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}" HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1
export VLLM_USE_FLASHINFER_SAMPLER=0 VLLM_NO_USAGE_STATS=1
mkdir -p "$out" "$work"
