# Steps that ./dev and the scripts in tools share. Sourced, in the project's root.

# Prints the name of a step with the time since the start, so that a long one can be told from a
# stuck one.
step() { printf '\n==> %s  [%dm%02ds]\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)); }

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
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Use-Pty=0 $missing >build/apt.log 2>&1 || { tail -n 20 build/apt.log >&2; return 1; }
}

# The Python environment of the outside-in tests, made anew when tools/requirements.txt changes.
setup_python() {
  local stamp=.venv/requirements.txt
  cmp -s tools/requirements.txt "$stamp" && return
  step "install Python packages into .venv"
  python3 -m venv --clear .venv
  .venv/bin/pip install -q --disable-pip-version-check -r tools/requirements.txt
  cp tools/requirements.txt "$stamp"
}

setup() {
  mkdir -p build
  setup_packages
  setup_python
}

# build PRESET TARGETS…
build() {
  local preset=$1
  shift
  step "build $* ($preset)"
  # The cache file alone does not prove a finished configuration; build.ninja does.
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"build/$preset.log" 2>&1 ||
    { tail -n 20 "build/$preset.log" >&2; return 1; }
  NINJA_STATUS='[%f/%t %es] ' ninja -C "build/$preset" "$@"
}

# Every C++ file of ours, null-terminated.
sources() { git ls-files -z --cached --others --exclude-standard -- '*.cc' '*.h'; }
