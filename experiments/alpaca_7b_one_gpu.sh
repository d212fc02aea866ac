#!/usr/bin/env bash
# The 7B whole on one GPU of 80 GB: experiments/alpaca_7b_one_gpu.sh LLAMA_FOLDER alpaca_data.json [KEY=VALUE ...]
# Where `make gpu` has measured the card, the plan takes its rates from there.
set -euo pipefail
model=$1 data=$2
shift 2
card=(gpu=h100_80gb)
if [ -f outputs/gpu/conf/gpu/measured.yaml ]; then
    card=(--config-dir outputs/gpu/conf gpu=measured)
fi
alpaca plan experiment=alpaca_7b_one_gpu model.path="$model" data="$data" "${card[@]}" "$@"
alpaca train experiment=alpaca_7b_one_gpu model.path="$model" data="$data" "$@"
