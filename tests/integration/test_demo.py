"""`blox demo`, as a newcomer runs it."""

import concurrent.futures
import re
import subprocess

import pytest

from processes import BLOX

PROMISES = (
    "eligible instances",
    "run exactly one task, of the current revision",
    "daemon tasks left on the drained instance",
    "instances that ever had two live tasks",
    "starts on instances that were not ACTIVE and connected",
    "stops of tasks that are not ours",
)


def demo(folder, **variables):
    """Runs it to its end; its CompletedProcess."""
    folder = str(folder)
    environment = {"PATH": "/usr/bin:/bin", "HOME": folder, "TMPDIR": folder, **variables}
    return subprocess.run(
        [str(BLOX), "demo"], env=environment, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def demos(tmp_path_factory):
    """One without account, region and endpoint, as the demo brings everything, and one where the
    shell is set up for production. Side by side, as nearly all of their time is waiting; the
    folder and the result of each."""
    plain, foreign = (tmp_path_factory.mktemp(name) for name in ("plain", "foreign"))
    config = foreign / "blox.ini"
    config.write_text("keep = false\n")  # A flag of the demo, of nothing that it starts.
    (foreign / ".aws").mkdir()
    (foreign / ".aws/config").write_text("[default]\nendpoint_url = http://127.0.0.1:1\n")
    nowhere = "http://127.0.0.1:1"
    variables = {
        "AWS_ENDPOINT_URL_ECS": nowhere, "AWS_ENDPOINT_URL_SQS": nowhere, "AWS_PROFILE": "prod",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_SESSION_TOKEN": "old",
        "BLOX_CLUSTER": "prod", "BLOX_QUEUE": "prod-events", "BLOX_CONFIG": str(config),
        "CSS_LOG_LEVEL": "loud", "SIMULATOR_LOG_LEVEL": "loud",
    }
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = (pool.submit(demo, plain), pool.submit(demo, foreign, **variables))
        return {
            folder.name.rstrip("0"): (folder, run.result())
            for folder, run in zip((plain, foreign), runs)
        }


@pytest.mark.parametrize("name", ["plain", "foreign"])
def test_every_promise_is_kept(demos, name):
    """Also where what the shell is set up for, be it production, is not what the demo goes by."""
    folder, result = demos[name]
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    lines = result.stdout.splitlines()
    for promise in PROMISES:
        row = next((line for line in lines if re.search(rf"{promise} +\d+ ", line)), None)
        assert row is not None, f"no row says '{promise}'"
        assert row.endswith(" ok"), row
    assert lines[-1].endswith("all as promised")
    assert list(folder.glob("blox-demo-*")) == []  # It leaves nothing behind.


def test_no_place_for_its_files(fleet):
    result = demo(fleet.directory, TMPDIR="/nonexistent")
    assert result.returncode == 1, result.stderr
    assert result.stderr.startswith("blox: a folder for the demo: ")
