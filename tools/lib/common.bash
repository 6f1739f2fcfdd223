# Shared by the scripts of tools/: sourced, with `set -euo pipefail` already in force and the repository as directory.

# A step that people may want to know of.
say() { printf '%s\n' "$*"; }

# Ends the script with a reason and what to do about it.
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Runs a command without its output, which is shown only if it fails.
quietly() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then
    rm -f "$log"
  else
    local code=$?
    cat "$log" >&2
    rm -f "$log"
    return "$code"
  fi
}

# The time since a value of SECONDS (0: since the script began), as people say it.
elapsed() {
  local s=$((SECONDS - $1))
  if ((s < 60)); then printf '%d s' "$s"; else printf '%d min %02d s' $((s / 60)) $((s % 60)); fi
}

# How many compilers at once: one per processor, but no more than the memory holds at 1.5 GB each.
jobs_that_fit() {
  local processors memory_kb fit
  processors=$(nproc)
  memory_kb=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  fit=$((memory_kb / 1500000))
  ((fit >= 1)) || fit=1
  echo $((processors < fit ? processors : fit))
}
