"""The log file of the programs: its mode, its size, and SIGHUP."""

import json
import os
import signal
import stat

import pytest

from processes import wait_until
from web import get

# Nobody listens there: each service has something to say in its log.
NOWHERE = "http://127.0.0.1:1"

COMMANDS = {
    "server": ("CSS", ["--css-bind", "127.0.0.1:0", "--scheduler-bind", "127.0.0.1:0",
                       "--store", "memory:"]),
    "cluster-state-service": ("CSS", ["--bind", "127.0.0.1:0", "--store", "memory:"]),
    "daemon-scheduler": ("DS", ["--bind", "127.0.0.1:0", "--store", "memory:"]),
    "simulator": ("SIMULATOR", ["--bind", "127.0.0.1:0"]),
}


def start(fleet, command, path, *more, endpoint=NOWHERE, **variables):
    prefix, flags = COMMANDS[command]
    return fleet.run(
        command, command, *flags, *more, endpoint=endpoint,
        **{f"{prefix}_LOG_FILE": str(path), f"{prefix}_LOG_LEVEL": "debug", **variables},
    )


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize("command", COMMANDS)
def test_sighup_opens_the_log_anew(fleet, command):
    path = fleet.directory / "logs" / "blox.log"
    process = start(fleet, command, path)
    get(process.addresses[0], "/healthz")  # At debug each request is a line.
    assert mode_of(path) == 0o600
    moved = path.rename(path.with_name("moved.log"))
    for count in (1, 2):  # Once more, where nothing was moved.
        process.process.send_signal(signal.SIGHUP)
        opened = lambda: path.exists() and path.read_text().count("SIGHUP: the log was opened anew")
        wait_until("the log is there", lambda: opened() == count)
        get(process.addresses[0], "/metrics")
    assert mode_of(path) == 0o600
    assert "GET /healthz" in moved.read_text() and "GET /metrics" in path.read_text()
    assert "SIGHUP" not in moved.read_text() and "GET /metrics" not in moved.read_text()
    assert process.terminate() == 0


def test_a_log_that_is_full_is_moved_aside(fleet):
    path = fleet.directory / "blox.log"
    process = start(
        fleet, "cluster-state-service", path, "--log-max-size", "64KiB", "--log-old-files", "2"
    )
    long = "x" * 4_000
    for _ in range(80):
        get(process.addresses[0], f"/nonsense/{long}")
    names = {"blox.log", "blox.1.log", "blox.2.log"}
    assert {each.name for each in fleet.directory.glob("blox*.log")} == names
    for name in names:
        assert (fleet.directory / name).stat().st_size <= 64 << 10
        assert mode_of(fleet.directory / name) == 0o600


def test_a_warning_that_comes_again_and_again_is_said_once(fleet):
    path = fleet.directory / "blox.log"
    process = start(fleet, "cluster-state-service", path)
    lines = lambda: [line.split(" ", 1)[1] for line in path.read_text().splitlines()
                     if " warning " in line or " error " in line]
    wait_until("it warns", lines)
    for _ in range(20):
        get(process.addresses[0], "/readyz")
    assert len(lines()) == len(set(lines()))


def test_sighup_reads_the_keys_anew(fleet, simulator):
    """Also where nothing tells that the file has changed: one that has lost its key shows that it was
    read, as the simulator lets any key in."""
    keys = fleet.directory / "credentials"
    keys.write_text("[default]\naws_access_key_id = A\naws_secret_access_key = s\n")
    at = os.stat(keys)
    process = start(
        fleet, "cluster-state-service", fleet.directory / "blox.log", "--reconcile-interval", "10s",
        endpoint=f"http://{simulator.addresses[0]}", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="",
        AWS_SHARED_CREDENTIALS_FILE=str(keys),
    )
    wait_until("ready", lambda: get(process.addresses[0], "/readyz").status == 200)
    keys.write_text(keys.read_text().replace("= A", "A ="))  # As long as before.
    os.utime(keys, ns=(at.st_atime_ns, at.st_mtime_ns))
    process.process.send_signal(signal.SIGHUP)
    log = fleet.directory / "blox.log"
    wait_until("it says so", lambda: "no AWS credentials" in log.read_text()
               or "is set but" in log.read_text())
    assert json.loads(get(process.addresses[0], "/v1/tasks").text) == {"items": []}
