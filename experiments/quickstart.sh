#!/usr/bin/env bash
# From nothing to a measured instruction follower on two cores, without a network: experiments/quickstart.sh [KEY=VALUE ...]
set -euo pipefail
alpaca run experiment=quickstart "$@"
