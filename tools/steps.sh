# Steps that ./dev and the scripts in tools share. Sourced, in the project's root.

# What is told of the work itself goes to stderr: stdout is the program's that runs at its end.

# Prints the name of a step with the time since the start.
step() { printf '\n==> %s  [%dm%02ds]\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)) >&2; }

# with_beat TELL COMMAND…: runs COMMAND and, as long as it runs, prints what the function TELL says
# every 10 s, so that a long step can be told from a stuck one.
with_beat() {
  local tell=$1 status=0 beat
  shift
  # The sleep outlives the loop by a while and must not hold open what the caller reads to its end.
  (while sleep "${BEAT_SECONDS:-10}" >/dev/null 2>&1; do
    printf '    %s  [%dm%02ds]\n' "$("$tell")" $((SECONDS / 60)) $((SECONDS % 60))
  done) >&2 &
  beat=$!
  "$@" || status=$?
  kill "$beat"
  wait "$beat" 2>/dev/null || true
  return "$status"
}

into_log() { "$@" >"$log" 2>&1; }
last_of_log() { tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c 1-90; }

# logged LOG COMMAND…: COMMAND's output goes into LOG, its last line to stderr now and then; when it
# fails, the last lines.
logged() {
  local log=$1 status=0
  shift
  with_beat last_of_log into_log "$@" || status=$?
  [ "$status" = 0 ] || tail -n 20 "$log" >&2
  return "$status"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo -- "$@"
  else echo "dev: installing Debian packages needs root or sudo" >&2; return 1
  fi
}

# Installs the packages of tools/packages.txt that are missing.
setup_packages() {
  local wanted missing
  wanted=$(grep -v '^#' tools/packages.txt)
  # dpkg-query fails when it does not know one of them, which is just what is asked here.
  # shellcheck disable=SC2086  # One word a package.
  missing=$({ dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' $wanted 2>/dev/null || true; } |
    awk '$2 == "ii" {print $1}' | sort -u | comm -13 - <(sort -u <<<"$wanted"))
  [ -z "$missing" ] && return
  step "install Debian packages:" $missing
  logged build/apt-update.log as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q || return
  # shellcheck disable=SC2086
  logged build/apt.log as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 $missing
}

# The Python environment of the outside-in tests, made anew when tools/requirements.txt changes.
setup_python() {
  local stamp=.venv/requirements.txt
  cmp -s tools/requirements.txt "$stamp" && return
  step "install Python packages into .venv"
  python3 -m venv --clear .venv
  logged build/pip.log .venv/bin/pip install --disable-pip-version-check --progress-bar off \
    -r tools/requirements.txt || return
  cp tools/requirements.txt "$stamp"
}

setup() {
  mkdir -p build
  setup_packages
  setup_python
}

# configure PRESET: makes build/PRESET ready to be built, unless it is.
configure() {
  mkdir -p build
  # The cache file alone does not prove a finished configuration; build.ninja does.
  [ -f "build/$1/build.ninja" ] || logged "build/$1.log" cmake --preset "$1"
}

# build PRESET TARGETS…
build() {
  local preset=$1
  shift
  step "build $* ($preset)"
  configure "$preset" || return
  NINJA_STATUS='[%f/%t %es] ' ninja -C "build/$preset" "$@" >&2
}

# Every C++ file of ours, null-terminated.
sources() { git ls-files -z --cached --others --exclude-standard -- '*.cc' '*.h'; }
