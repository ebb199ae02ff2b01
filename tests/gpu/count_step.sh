#!/bin/sh
# Operations and bytes of known steps, counted by Nsight Compute (compare_step.ts compares).
#   count_step.sh SITE OUT     SITE: unpacked vLLM; OUT: where the lists go
set -u
site=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH=$site HF_HUB_OFFLINE=1 VLLM_USE_FLASHINFER_SAMPLER=0 PYTHONUNBUFFERED=1
# Tensor cores count operations; the others count instructions of a thread, a fused one is two operations.
metrics=dram__bytes_read.sum,dram__bytes_write.sum
metrics=$metrics,sm__ops_path_tensor_src_bf16_dst_fp32.sum,sm__ops_path_tensor_src_fp16.sum
metrics=$metrics,smsp__sass_thread_inst_executed_op_ffma_pred_on.sum
metrics=$metrics,smsp__sass_thread_inst_executed_op_fmul_pred_on.sum
metrics=$metrics,smsp__sass_thread_inst_executed_op_fadd_pred_on.sum
for model in dense experts; do
  mkdir -p "$out/$model"
  extra=""; [ "$model" = dense ] || extra=experts
  timeout 300 ncu --profile-from-start off --clock-control none \
    --metrics "$metrics" -f -o "$out/$model/step" \
    python3 "$here/count_step.py" "$out/$model/work" $extra > "$out/$model/log" 2>&1
  ncu --import "$out/$model/step.ncu-rep" --csv --page raw > "$out/$model/step.csv" 2>> "$out/$model/log"
  # A step's kernels are those that ncu has counted when the program tells of the step.
  awk '/^==PROF== Profiling "/ { n++ } /^STEP/ { print; print "KERNELS", n } /^CONFIG/' \
    "$out/$model/log" > "$out/$model/steps.txt"
  rm -rf "$out/$model/step.ncu-rep" "$out/$model/work"
  wc -l "$out/$model/step.csv" "$out/$model/steps.txt"
  tail -2 "$out/$model/log"
done
