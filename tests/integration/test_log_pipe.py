"""A log that nobody reads any more, as after `blox server 2>&1 | tee log` when tee is killed, ends no
process that serves."""

import os

import pytest

from processes import wait_until
from web import get

# Nobody listens there: each service has something to say in its log.
NOWHERE = "http://127.0.0.1:1"


class Log:
    """The reader's end of a pipe, made before the process that opens the other."""

    def __init__(self, path):
        os.mkfifo(path)
        self.end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def has_more(self):
        try:
            return os.read(self.end, 1 << 16)
        except BlockingIOError:
            return b""

    def close(self):
        os.close(self.end)


@pytest.mark.parametrize(
    "start",
    [
        lambda fleet: fleet.server(NOWHERE),
        lambda fleet: fleet.cluster_state_service(NOWHERE),
        lambda fleet: fleet.daemon_scheduler(NOWHERE, "127.0.0.1:1"),
        lambda fleet: fleet.run("simulator", "simulator", "--bind", "127.0.0.1:0",
                                SIMULATOR_LOG_LEVEL="debug"),
    ],
    ids=["server", "cluster-state-service", "daemon-scheduler", "simulator"],
)
def test_a_closed_log_ends_no_process(fleet, request, start):
    log = Log(fleet.directory / f"{request.node.callspec.id}.log")
    process = start(fleet)

    def answers():
        return all(get(address, "/healthz").status < 500 for address in process.addresses)

    wait_until("it writes to its log", lambda: answers() and log.has_more())
    log.close()
    for _ in range(3):
        assert answers()
    assert process.process.poll() is None
    # Its end is a line of the log of each service; the simulator writes one for each request.
    assert process.terminate() == 0
