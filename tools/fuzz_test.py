"""`./dev fuzz` in a tree of its own, where the targets are scripts that tell how they were called."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).parent
# Says its arguments and, told so by a file of its name, finds something.
TARGET = """#!/bin/bash
echo "called: $(basename "$0") $*"
echo "#1 NEW" >&2
for argument in "$@"; do
  case "$argument" in -artifact_prefix=*) prefix=${argument#*=} ;; esac
done
echo "stat::average_exec_per_sec: 4321"
if [ -f "finds/$(basename "$0")" ]; then
  echo "ERROR: it broke"
  echo x >"${prefix}crash-1"
  exit 77
fi
"""


class Fuzz(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = pathlib.Path(holder.name)
        for folder in ("tools", "bin", "finds", "build/fuzz/bin", "tests/fuzz/corpus/one"):
            (self.root / folder).mkdir(parents=True)
        for name in ("fuzz", "steps.sh"):
            shutil.copy(TOOLS / name, self.root / "tools")
        (self.root / "build/fuzz/build.ninja").touch()
        self.program("bin/ninja", "#!/bin/sh\n")
        for name in ("one", "two"):
            (self.root / f"tests/fuzz/{name}_target.cc").touch()
            self.program(f"build/fuzz/bin/blox_fuzz_{name}", TARGET)
        (self.root / "tests/fuzz/one.dict").touch()

    def program(self, path, text):
        (self.root / path).write_text(text)
        (self.root / path).chmod(0o755)

    def run_fuzz(self, *arguments):
        path = f"{self.root / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "tools/fuzz", *arguments], cwd=self.root, capture_output=True, text=True,
            timeout=60, check=False, env={**os.environ, "PATH": path},
        )

    def log(self, name):
        return (self.root / f"build/fuzz-findings/{name}.log").read_text()

    def test_alone_it_lists_the_targets(self):
        ended = self.run_fuzz()
        self.assertEqual((ended.returncode, ended.stdout), (0, "one\ntwo\n"))

    def test_it_hands_over_what_it_was_told(self):
        ended = self.run_fuzz("one", "--seconds", "7", "--seed", "3", "-len_control=0")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("one: 4321 executions a second", ended.stdout)
        for argument in ("-max_total_time=7", "-seed=3", "-len_control=0",
                         "-dict=tests/fuzz/one.dict", "build/fuzz-corpus/one tests/fuzz/corpus/one"):
            self.assertIn(argument, self.log("one"))

    def test_empty_means_no_input_of_before(self):
        old = self.root / "build/fuzz-corpus/one.empty/old"
        old.parent.mkdir(parents=True)
        old.touch()
        self.assertEqual(self.run_fuzz("one", "--empty").returncode, 0)
        self.assertFalse(old.exists())
        self.assertIn("build/fuzz-corpus/one.empty\n", self.log("one"))

    def test_a_finding_is_told_with_how_to_replay_it(self):
        (self.root / "finds/blox_fuzz_two").touch()
        ended = self.run_fuzz("--all", "--seconds", "1")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("one: 4321 executions", ended.stdout)
        self.assertIn("two: FOUND build/fuzz-findings/two/crash-1", ended.stdout)
        self.assertIn("./dev fuzz two build/fuzz-findings/two/crash-1", ended.stdout)
        self.assertIn("it broke", ended.stderr)
        # The same again is a finding again, and what was there before is none.
        self.assertIn("FOUND", self.run_fuzz("two").stdout)
        (self.root / "finds/blox_fuzz_two").unlink()
        ended = self.run_fuzz("two")
        self.assertEqual(ended.returncode, 0)
        self.assertNotIn("FOUND", ended.stdout)

    def test_files_alone_are_run_when_there_are_any(self):
        (self.root / "input").touch()
        ended = self.run_fuzz("two", "input")
        self.assertEqual((ended.returncode, ended.stdout.splitlines()[0]),
                         (0, "called: blox_fuzz_two input"))

    def test_what_it_does_not_know_it_refuses(self):
        for arguments in (["three"], ["--fast"], ["one", "--seconds", "soon"], ["--all", "one"],
                          ["--seconds", "5"]):
            ended = self.run_fuzz(*arguments)
            self.assertEqual(ended.returncode, 2, arguments)
            self.assertIn("dev fuzz:", ended.stderr)


if __name__ == "__main__":
    unittest.main()
