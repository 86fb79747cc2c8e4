#!/usr/bin/env bash
# Measures this machine's GPU on SDXL-size pipelines with random weights: no download, under 8 minutes.
#
#   benchmark/gpu_check.sh [OUT]      writes OUT.md and OUT.json (default build/gpu_check)
#   benchmark/gpu_check.sh --tiny     tiny models on the CPU: does the check itself run?
#
# It takes the Python of $PYTHON (default python3), which must have torch, diffusers, transformers, accelerate
# and DeepCache and the packages of catbench's base install; catbench itself need not be installed.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export PYTHONPATH="$root/benchmark${PYTHONPATH:+:$PYTHONPATH}"
export HF_HUB_OFFLINE=1
# The check watches its minutes between its steps; what hangs within one is ended, and the steps before it stay.
exec timeout --kill-after=10 465 "${PYTHON:-python3}" -m catbench_make.gpu_check "$@"
