#!/usr/bin/env python3
"""Two builds of blox side by side: the CPU time of one event or request, the two taking turns in one
run, as shared machines are too noisy for figures of different runs.

    bench/compare.py OLD NEW [--rows event event-http get list] [--rounds 10]

OLD and NEW are folders with blox, blox_bench and blox_load in them. Prints for each row the median
of the ratios NEW/OLD, over the rounds, with the least and the largest. The rows:

    event       from a queue in memory into SQLite on disk, as in the row `ingest` of ./dev bench
    event-http  a whole cluster-state-service, from its start on, as in `ingest-http`
    get, list   one request to a service of 10,000 tasks, by wrk
"""

import argparse
import contextlib
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from programs import Failure, Fleet, call, wait_until
from rows import drain_queue

TASKS = 10_000


class Side:
    """One of the two builds. What it serves for requests is started with the first of them."""

    def __init__(self, binaries, folder, options):
        self.binaries = binaries
        self.folder = folder
        self.events = options.events
        self.seconds = options.seconds
        self.fleets = contextlib.ExitStack()
        self.css = None

    @contextlib.contextmanager
    def fleet(self):
        """A fleet with a folder of its own, for the time of one measurement."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            fleet = Fleet(self.binaries, pathlib.Path(folder))
            try:
                yield fleet
            finally:
                fleet.end()

    def serve(self):
        """A cluster-state-service with its tasks, out of a store that this build filled."""
        if self.css:
            return self.css
        fleet = self.fleets.enter_context(self.fleet())
        fleet.measure(
            "blox_bench", "ingest", "--store", fleet.folder / "cluster-state.db", "--events",
            TASKS, "--objects", TASKS, "--instances", 100,
        )
        css = fleet.state_service(fleet.simulator())
        wait_until("it serves", lambda: call("GET", css.urls[0] + "/v1/instances")[0] == 200)
        self.css = css
        return css


def event(side):
    with side.fleet() as fleet:
        found = fleet.measure(
            "blox_bench", "ingest", "--store", fleet.folder / "ingest.db", "--events",
            side.events,
        )
    return found["cpu_seconds"] / found["events"] * 1e6


def event_http(side):
    with side.fleet() as fleet:
        _, cpu, _ = drain_queue(fleet, side.events)
    return cpu / side.events * 1e6


def get(side):
    css = side.serve()
    status, text = call("GET", css.urls[0] + "/v1/tasks")
    arn = re.search(r'"taskARN":"([^"]+)"', text)
    cluster = re.search(r":task/([^/\"]+)/", arn[1]) if arn else None
    if status != 200 or not cluster:
        raise Failure(f"no task to ask for: {status} {text[:300]}")
    return cpu_a_request(css, f"{css.urls[0]}/v1/tasks/{cluster[1]}/{arn[1]}", side.seconds)


def list_tasks(side):
    css = side.serve()
    return cpu_a_request(css, css.urls[0] + "/v1/tasks", side.seconds)


def cpu_a_request(css, url, seconds):
    before = css.cpu_seconds()
    ended = subprocess.run(
        ["wrk", "-t1", "-c16", f"-d{seconds}s", url], capture_output=True, text=True,
        timeout=seconds + 60, check=False,
    )
    used = css.cpu_seconds() - before
    requests = re.search(r"(\d+) requests in", ended.stdout)
    if not requests or int(requests[1]) == 0 or "Non-2xx" in ended.stdout:
        raise Failure(f"wrk: {ended.stdout} {ended.stderr}")
    return used / int(requests[1]) * 1e6


ROWS = {"event": event, "event-http": event_http, "get": get, "list": list_tasks}


def compare(name, sides, rounds):
    found = []
    for number in range(rounds):
        pair = {}
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            pair[which] = ROWS[name](sides[which])
        found.append((pair[0], pair[1], pair[1] / pair[0]))
        print(f"{name} {number + 1}/{rounds}: old {pair[0]:.1f} us, new {pair[1]:.1f} us, "
              f"ratio {pair[1] / pair[0]:.3f}", file=sys.stderr)
    old, new, ratios = zip(*found)
    what = "an event" if name.startswith("event") else "a request"
    print(f"{name}: CPU {what}, median of {rounds}: old {statistics.median(old):.1f} us, "
          f"new {statistics.median(new):.1f} us; ratio {statistics.median(ratios):.3f} "
          f"({min(ratios):.3f} to {max(ratios):.3f})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument(
        "--events", type=int, default=30_000, help="of each measurement; 10,000 at least"
    )
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement by wrk")
    options = parser.parse_args()
    try:
        with contextlib.ExitStack() as stack:
            sides = []
            for binaries in (options.old, options.new):
                folder = stack.enter_context(tempfile.TemporaryDirectory())
                side = Side(binaries.resolve(), pathlib.Path(folder), options)
                sides.append(side)
                stack.enter_context(side.fleets)
            for name in options.rows:
                compare(name, sides, options.rounds)
    except Failure as failure:
        sys.exit(f"compare: {failure}")


if __name__ == "__main__":
    main()
