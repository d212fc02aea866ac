#!/usr/bin/env bash
# The 7B on one GPU of 24 GB: experiments/alpaca_7b_24gb.sh LLAMA_FOLDER alpaca_data.json [lora|qlora] [KEY=VALUE ...]
set -euo pipefail
model=$1 data=$2
shift 2
experiment=alpaca_7b_24gb
case ${1:-} in lora | qlora) experiment=${experiment}_$1 && shift ;; esac
alpaca plan experiment="$experiment" model.path="$model" data="$data" gpu=rtx_4090 "$@"
alpaca train experiment="$experiment" model.path="$model" data="$data" "$@"
