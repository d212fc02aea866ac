#!/usr/bin/env bash
# Stanford Alpaca's recipe for the 13B, on eight GPUs: experiments/alpaca_13b.sh LLAMA_FOLDER alpaca_data.json [KEY=VALUE ...]
set -euo pipefail
model=$1 data=$2
shift 2
spread=(strategy=fsdp trainer.devices=8)
alpaca plan experiment=alpaca_13b model.path="$model" data="$data" gpu=a100_80gb "${spread[@]}" "$@"
alpaca train experiment=alpaca_13b model.path="$model" data="$data" "${spread[@]}" "$@"
