"""`blox demo`, as a newcomer runs it."""

import re
import subprocess

from processes import BLOX

PROMISES = (
    "eligible instances",
    "run exactly one task, of the current revision",
    "daemon tasks left on the drained instance",
    "instances that ever had two live tasks",
    "starts on instances that were not ACTIVE and connected",
    "stops of tasks that are not ours",
)


def test_every_promise_is_kept(fleet):
    # No account, no region, no endpoint: the demo brings everything.
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(fleet.directory)}
    environment["TMPDIR"] = str(fleet.directory)
    result = subprocess.run(
        [str(BLOX), "demo"], env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    lines = result.stdout.splitlines()
    for promise in PROMISES:
        row = next((line for line in lines if re.search(rf"{promise} +\d+ ", line)), None)
        assert row is not None, f"no row says '{promise}'"
        assert row.endswith(" ok"), row
    assert lines[-1].endswith("all as promised")
    assert list(fleet.directory.glob("blox-demo-*")) == []  # It leaves nothing behind.
