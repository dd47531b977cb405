#!/usr/bin/env bash
# Installs Open MPI and MPICH, for the tests of packages/mpi. Debian only.
# Run as root; a second run does nothing.
set -euo pipefail

if command -v mpirun.openmpi mpirun.mpich mpicc.openmpi >/dev/null; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo 'install-mpi: supports only Debian. Install Open MPI or MPICH with the package manager of this system.' >&2
  exit 1
fi
apt-get update -qq
# Both exist side by side: mpirun.openmpi and mpirun.mpich. The headers are for benchmarks in C, and iproute2 for two-hosts.mjs.
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  openmpi-bin libopenmpi-dev mpich libmpich-dev iproute2 >/dev/null
