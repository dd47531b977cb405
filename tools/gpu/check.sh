#!/usr/bin/env bash
# Checks and times everything that needs an NVIDIA GPU, with one command on a machine that has one, and writes one JSON file:
#   tools/gpu/check.sh [--out FILE] [--seconds SECONDS]
# It installs the packages and the backend `cuda`, runs the contract on `cuda` and `webgpu`, and times the step of
# `bench step` beside PyTorch on CUDA (UNITSPHERE_PYTHON) and stock TensorFlow.js.
#   tools/gpu/check.sh --rehearse     does the same without a GPU: `node`, PyTorch on the CPU, and a software WebGPU device
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ ! -d node_modules ]; then npm ci --ignore-scripts --no-audit --no-fund; fi
node tools/workspace/setup.mjs --peers
exec node tools/gpu/check.mjs "$@"
