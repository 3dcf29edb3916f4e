# shellcheck shell=bash
# What the scripts share; sourced, never run. Sets ROOT to the project's folder.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*"; }
# warn and die go to stderr, so that what a script prints as its result stays clean.
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { warn "$*"; exit 1; }

now_ms() { date +%s%3N; }
# since_ms START: seconds with one decimal since now_ms gave START.
since_ms() { local ms=$(($(now_ms) - $1)); printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100)); }

# port_open PORT: does something listen on this port of the loopback address?
port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port: a port with a free neighbour above it (for the controller), below the ephemeral range so that
# no outgoing connection takes it in the meantime.
free_port() {
  local port
  for _ in {1..200}; do
    port=$((20000 + RANDOM % 12000))
    if ! port_open "$port" && ! port_open $((port + 1)); then
      echo "$port"
      return
    fi
  done
  die "no free port found between 20000 and 32000"
}

# build_jobs: one a core, but no more than the free memory carries: the heaviest files take about 1.5 GiB.
build_jobs() {
  local cores mem_gib jobs
  cores=$(nproc)
  mem_gib=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo 2>/dev/null || echo 4)
  jobs=$((mem_gib * 2 / 3))
  ((jobs < 1)) && jobs=1
  echo $((jobs < cores ? jobs : cores))
}

# run_setup ARGS: scripts/setup, unless the caller's machine is looked after by somebody else.
# shellcheck disable=SC2120  # callers may pass none
run_setup() { [[ -n ${EBC_SKIP_SETUP:-} ]] || "$ROOT/scripts/setup" "$@"; }
