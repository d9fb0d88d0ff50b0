#!/usr/bin/env python3
"""Two builds of blox side by side: CPU time of the serving process for one request, the two taking
turns in one run, as shared machines are too noisy for figures of different runs.

    bench/compare.py OLD NEW [--rounds 10]

OLD and NEW are folders with blox, blox_bench and blox_load in them. Prints for each request the
median of the ratios NEW/OLD, over the rounds, with the least and the largest.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from programs import Failure, Fleet, call, wait_until

TASKS = 10_000


def serve(binaries, folder):
    """A cluster-state-service with its tasks, out of a store that this build filled."""
    fleet = Fleet(binaries, folder)
    fleet.measure(
        "blox_bench", "ingest", "--store", folder / "cluster-state.db", "--events", TASKS,
        "--objects", TASKS, "--instances", 100,
    )
    css = fleet.state_service(fleet.simulator())
    wait_until("it serves", lambda: call("GET", css.urls[0] + "/v1/instances")[0] == 200)
    return fleet, css


def one_task(css):
    status, text = call("GET", css.urls[0] + "/v1/tasks")
    arn = re.search(r'"taskARN":"([^"]+)"', text)
    cluster = re.search(r":task/([^/\"]+)/", arn[1]) if arn else None
    if status != 200 or not cluster:
        raise Failure(f"no task to ask for: {status} {text[:300]}")
    return f"{css.urls[0]}/v1/tasks/{cluster[1]}/{arn[1]}"


def cpu_a_request(css, url, seconds):
    before = css.cpu_seconds()
    ended = subprocess.run(
        ["wrk", "-t1", "-c16", f"-d{seconds}s", url], capture_output=True, text=True,
        timeout=seconds + 60, check=False,
    )
    used = css.cpu_seconds() - before
    requests = re.search(r"(\d+) requests in", ended.stdout)
    if not requests or "Non-2xx" in ended.stdout:
        raise Failure(f"wrk: {ended.stdout} {ended.stderr}")
    return used / int(requests[1]) * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    options = parser.parse_args()
    fleets = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            services = []
            for name, binaries in (("old", options.old), ("new", options.new)):
                place = pathlib.Path(folder, name)
                place.mkdir()
                fleet, css = serve(binaries.resolve(), place)
                fleets.append(fleet)
                services.append(css)
            for what in ("get", "list"):
                rows = []
                for number in range(options.rounds):
                    pair = {}
                    order = (0, 1) if number % 2 == 0 else (1, 0)
                    for which in order:
                        css = services[which]
                        url = one_task(css) if what == "get" else css.urls[0] + "/v1/tasks"
                        pair[which] = cpu_a_request(css, url, options.seconds)
                    rows.append((pair[0], pair[1], pair[1] / pair[0]))
                    print(f"{what} {number + 1}/{options.rounds}: old {pair[0]:.1f} us, "
                          f"new {pair[1]:.1f} us, ratio {pair[1] / pair[0]:.3f}", file=sys.stderr)
                ratios = [row[2] for row in rows]
                print(f"{what}: CPU a request, median of {options.rounds}: "
                      f"old {statistics.median(row[0] for row in rows):.1f} us, "
                      f"new {statistics.median(row[1] for row in rows):.1f} us; ratio "
                      f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
    except Failure as failure:
        sys.exit(f"compare: {failure}")
    finally:
        for fleet in fleets:
            fleet.end()


if __name__ == "__main__":
    main()
