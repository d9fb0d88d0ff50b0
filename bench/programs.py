"""Runs the programs that are measured and those that load them, each a process of its own on
loopback at a port of the system's choice. All end with the row that started them."""

import json
import os
import pathlib
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

ADDRESS = re.compile(r"http://([\w.\[\]:]+:\d+)")
METRIC = re.compile(r"^(\w+)(\{[^}]*\})? (\S+)$", re.MULTILINE)
# Straight to the address, whatever proxy the machine has.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    """A row whose figure does not count, and why."""


def wait_until(what, holds, seconds=60, pause=0.005):
    """Asks `holds()` until it is true; how long that took, in seconds."""
    start = time.monotonic()
    while not holds():
        if time.monotonic() - start > seconds:
            raise Failure(f"not within {seconds} s: {what}")
        time.sleep(pause)
    return time.monotonic() - start


class Program:
    """One serving process. `urls` are those of its first line, in order."""

    def __init__(self, command, environment, log_path):
        self.started_at = time.monotonic()
        with open(log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
            )
        line = self.process.stdout.readline()
        self.urls = ["http://" + address for address in ADDRESS.findall(line)]
        if not self.urls:
            self.end()
            raise Failure(f"{command[1]} printed '{line}': {log_path.read_text()[-500:]}")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND  # utime and stime.

    def memory_bytes(self):
        pages = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Fleet:
    """All programs of one row."""

    def __init__(self, binaries, folder):
        self.binaries = binaries
        self.folder = folder
        self.programs = []

    def start(self, name, *arguments, endpoint=None):
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench",
            "CSS_LOG_LEVEL": "warn", "DS_LOG_LEVEL": "warn",
        }
        if endpoint:
            environment["AWS_ENDPOINT_URL"] = endpoint
        log_path = self.folder / f"{name}.log"
        program = Program([self.binaries / "blox", name, *arguments], environment, log_path)
        self.programs.append(program)
        return program

    def simulator(self):
        return self.start("simulator", "--bind", "127.0.0.1:0")

    def state_service(self, simulator, store="cluster-state.db"):
        return self.start(
            "cluster-state-service", "--bind", "127.0.0.1:0", "--api-share", "100",
            "--store", f"sqlite:{self.folder / store}", endpoint=simulator.urls[0],
        )

    def server(self, simulator):
        return self.start(
            "server", "--css-bind", "127.0.0.1:0", "--scheduler-bind", "127.0.0.1:0",
            "--api-share", "100", "--store", f"sqlite:{self.folder / 'blox.db'}",
            endpoint=simulator.urls[0],
        )

    def measure(self, program, *arguments, seconds=120):
        """Runs blox_bench or blox_load to its end; the figures it printed."""
        command = [str(self.binaries / program), *map(str, arguments)]
        try:
            ended = subprocess.run(
                command, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise Failure(f"{program} {arguments[0]} took over {seconds} s") from None
        if ended.returncode:
            raise Failure(f"{program} {arguments[0]}: {ended.stderr.strip()}")
        return json.loads(ended.stdout)

    def end(self):
        for program in reversed(self.programs):
            program.end()


def call(method, url, body=None, headers=None, seconds=30):
    """Status and text of one answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data=data, method=method,
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    try:
        with OPENER.open(request, timeout=seconds) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def ask(method, url, body=None, headers=None):
    """The answer's JSON; a status other than 200 is a Failure."""
    status, text = call(method, url, body, headers)
    if status != 200:
        raise Failure(f"{method} {url}: {status} {text}")
    return json.loads(text) if text else None


def ecs(simulator, operation, body):
    target = f"AmazonEC2ContainerServiceV20141113.{operation}"
    return ask("POST", simulator.urls[0] + "/", body, {"X-Amz-Target": target})


def metric(url, name):
    """The sum over all labels; 0 when there is none."""
    _, text = call("GET", url + "/metrics")
    return sum(float(value) for found, _, value in METRIC.findall(text) if found == name)
