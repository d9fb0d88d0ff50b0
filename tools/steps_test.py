"""The steps that the scripts share: they tell what goes on, and what went wrong, on stderr alone."""

import pathlib
import subprocess
import tempfile
import unittest

STEPS = pathlib.Path(__file__).parent / "steps.sh"


def run(script):
    """Runs `script` after steps.sh in an empty folder, where `cmake` is what cmake() says."""
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            ["bash", "-euc", f"source {STEPS}\n{script}"], cwd=folder, capture_output=True,
            text=True, timeout=60, check=False,
        )


class Steps(unittest.TestCase):
    def test_a_configuration_that_fails_says_why(self):
        ended = run("cmake() { echo no compiler; return 3; }; configure release; echo went on")
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn("no compiler", ended.stderr)
        self.assertEqual(ended.stdout, "")

    def test_a_finished_configuration_is_kept(self):
        ended = run(
            "mkdir -p build/release; touch build/release/build.ninja; cmake() { return 3; }\n"
            "configure release; echo went on"
        )
        self.assertEqual((ended.returncode, ended.stdout), (0, "went on\n"))

    def test_a_long_step_tells_how_far_it_is(self):
        # It ends once it has been told of.
        ended = run(
            "BEAT_SECONDS=0.01; exec 2>told\n"
            "work() { echo half way; until grep -q half told; do :; done; }\n"
            "logged work.log work; cat told"
        )
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("half way", ended.stdout)

    def test_steps_leave_stdout_alone(self):
        ended = run(
            "mkdir -p build/release; touch build/release/build.ninja; ninja() { echo built; }\n"
            "build release blox"
        )
        self.assertEqual((ended.returncode, ended.stdout), (0, ""))
        self.assertIn("==> build blox (release)", ended.stderr)
        self.assertIn("built", ended.stderr)


if __name__ == "__main__":
    unittest.main()
