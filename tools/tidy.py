"""Runs clang-tidy on the source files, one a core, and remembers by content what was clean.

A file is run again when it, a header of ours that it includes, how it is compiled, the checks or
clang-tidy changed.
Files of tests cost as much as all others together: they are left to `--all`, which also adds the
slower checks and, but for tests, the analyzer; remembered apart.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "blox-tidy"
# suspicious-stringview-data-usage takes every std::from_chars(data, end) for a mistake.
FULL = "bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-exception-escape," \
       "-bugprone-suspicious-stringview-data-usage,-bugprone-unchecked-optional-access"
ANALYZER = ",clang-analyzer-*,-clang-analyzer-optin.core.EnumCastOutOfRange"
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def closure(path, seen):
    """`path` and every header of ours that it includes, found by text."""
    if path in seen:
        return
    seen[path] = path.read_bytes()
    for name in INCLUDE.findall(seen[path]):
        for base in (ROOT / "src", path.parent, ROOT / "tests", ROOT / "apps", ROOT / "bench"):
            target = base / name.decode()
            if target.is_file():
                closure(target, seen)
                break


def commands():
    """{file: how it is compiled}, the same in every checkout."""
    entries = json.loads((BUILD / "compile_commands.json").read_bytes())
    return {
        str(pathlib.Path(entry["file"]).relative_to(ROOT)): entry["command"].replace(str(ROOT), ".")
        for entry in entries
    }


def digest(path, command, salt):
    seen = {}
    closure(path, seen)
    total = hashlib.sha256(salt + command.encode() + b"\0")
    for name in sorted(seen):
        total.update(str(name.relative_to(ROOT)).encode() + b"\0" + seen[name] + b"\0")
    return total.hexdigest()


def is_test(path):
    return str(path).endswith("_test.cc")


def run(path, full):
    command = ["clang-tidy-19", "--quiet", "-p", str(BUILD), str(path)]
    if full:
        command.insert(1, f"--checks={FULL}{'' if is_test(path) else ANALYZER}")
    return subprocess.run(command, capture_output=True, text=True, timeout=900)


def main():
    full = "--all" in sys.argv[1:]
    version = subprocess.run(["clang-tidy-19", "--version"], capture_output=True).stdout
    salt = version + (ROOT / ".clang-tidy").read_bytes()
    if full:
        salt += (FULL + ANALYZER).encode()
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.cc"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()
    CACHE.mkdir(parents=True, exist_ok=True)
    how = commands()
    keys = {path: digest(ROOT / path, how.get(path, ""), salt)
            for path in listed
            if (ROOT / path).is_file() and (full or not is_test(path))}
    dirty = [path for path, key in keys.items() if not (CACHE / key).exists()]
    print(f"clang-tidy: {len(keys) - len(dirty)} of {len(keys)} files are known to be clean")
    failed = 0
    last = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(run, ROOT / path, full): path for path in dirty}
        for count, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            path, result = jobs[job], job.result()
            if result.returncode:
                failed += 1
                print(f"{path}:\n{result.stdout}{result.stderr}", flush=True)
            else:
                (CACHE / keys[path]).touch()
            if time.monotonic() - last > 10:
                last = time.monotonic()
                print(f"  {count} of {len(dirty)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
