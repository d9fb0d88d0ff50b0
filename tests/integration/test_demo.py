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


def demo(fleet, **variables):
    """Runs it to its end; its CompletedProcess."""
    folder = str(fleet.directory)
    environment = {"PATH": "/usr/bin:/bin", "HOME": folder, "TMPDIR": folder, **variables}
    return subprocess.run(
        [str(BLOX), "demo"], env=environment, capture_output=True, text=True, timeout=120
    )


def test_every_promise_is_kept(fleet):
    # No account, no region, no endpoint: the demo brings everything.
    result = demo(fleet)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    lines = result.stdout.splitlines()
    for promise in PROMISES:
        row = next((line for line in lines if re.search(rf"{promise} +\d+ ", line)), None)
        assert row is not None, f"no row says '{promise}'"
        assert row.endswith(" ok"), row
    assert lines[-1].endswith("all as promised")
    assert list(fleet.directory.glob("blox-demo-*")) == []  # It leaves nothing behind.


def test_nothing_of_the_caller_reaches_it(fleet):
    """What the shell is set up for, be it production, is not what the demo goes by."""
    config = fleet.directory / "blox.ini"
    config.write_text("keep = false\n")  # A flag of the demo, of nothing that it starts.
    (fleet.directory / ".aws").mkdir()
    (fleet.directory / ".aws/config").write_text("[default]\nendpoint_url = http://127.0.0.1:1\n")
    nowhere = "http://127.0.0.1:1"
    result = demo(
        fleet, AWS_ENDPOINT_URL_ECS=nowhere, AWS_ENDPOINT_URL_SQS=nowhere, AWS_PROFILE="prod",
        AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true", AWS_SESSION_TOKEN="old", BLOX_CLUSTER="prod",
        BLOX_QUEUE="prod-events", BLOX_CONFIG=str(config), CSS_LOG_LEVEL="loud",
        SIMULATOR_LOG_LEVEL="loud",
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr


def test_no_place_for_its_files(fleet):
    result = demo(fleet, TMPDIR="/nonexistent")
    assert result.returncode == 1, result.stderr
    assert result.stderr.startswith("blox: a folder for the demo: ")
