"""Starts the programs under test as real processes, reads where they listen, kills and restarts
them. Every process ends with its test; ports are whatever the system gives."""

import os
import pathlib
import re
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# BLOX_TESTED names another build: that with sanitizers, say.
BLOX = pathlib.Path(os.environ.get("BLOX_TESTED", ROOT / "build/release/bin/blox"))
ADDRESS = re.compile(r"http://([\w.\[\]:]+:\d+)")


def wait_until(what, holds, seconds=30, every=0.05):
    """Asks `holds()` until it is true; its value. Fails naming `what` when time is up."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        pause.wait(every)


class Process:
    """One program. `addresses` are those it printed on its first line, in order."""

    def __init__(self, command, environment, log_path):
        self.command = [str(part) for part in command]
        self.environment = environment
        self.log_path = log_path
        self.addresses = []
        self.process = None
        self.start()

    def start(self):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        log.close()
        line = self.process.stdout.readline()
        self.addresses = ADDRESS.findall(line)
        if not self.addresses:
            self.kill()
            tail = self.log()[-2000:]
            raise AssertionError(f"{self.command} printed '{line}' and no address; log: {tail}")
        # Nobody reads further lines: let them go.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def kill(self):
        """kill -9, as a machine that loses power would look to the others."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def restart(self):
        """Starts again, at the same addresses, so that others find it again."""
        self.kill()
        flags = ["--css-bind", "--scheduler-bind"] if self.command[1] == "server" else ["--bind"]
        for flag, address in zip(flags, self.addresses):
            self.command[self.command.index(flag) + 1] = address
        self.start()

    def log(self):
        return pathlib.Path(self.log_path).read_text()

    def terminate(self, seconds=10):
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(timeout=seconds)


class Fleet:
    """All processes of one test."""

    def __init__(self, directory):
        self.directory = directory
        self.processes = []

    def environment(self, endpoint=None):
        """An environment with credentials that fit any simulator and nothing of the caller's."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "CSS_LOG_LEVEL": "info",
            "DS_LOG_LEVEL": "info",
        }
        if endpoint:
            environment["AWS_ENDPOINT_URL"] = endpoint
        return environment

    def run(self, name, *arguments, endpoint=None, program=BLOX, **variables):
        process = Process(
            [program, *arguments],
            {**self.environment(endpoint), **variables},
            self.directory / f"{name}.log",
        )
        self.processes.append(process)
        return process

    def simulator(self, *arguments):
        return self.run("simulator", "simulator", "--bind", "127.0.0.1:0", *arguments)

    def server(self, endpoint, *arguments):
        return self.run(
            "server", "server", "--css-bind", "127.0.0.1:0", "--scheduler-bind", "127.0.0.1:0",
            "--store", f"sqlite:{self.directory}/blox.db", *arguments, endpoint=endpoint,
        )

    def cluster_state_service(self, endpoint, *arguments, **variables):
        return self.run(
            "cluster-state-service", "cluster-state-service", "--bind", "127.0.0.1:0",
            "--store", f"sqlite:{self.directory}/cluster-state.db", *arguments, endpoint=endpoint,
            **variables,
        )

    def daemon_scheduler(self, endpoint, state_address, *arguments):
        return self.run(
            "daemon-scheduler", "daemon-scheduler", "--bind", "127.0.0.1:0",
            "--css-endpoint", state_address,
            "--store", f"sqlite:{self.directory}/scheduler.db", *arguments, endpoint=endpoint,
        )

    def cli(self, *arguments, state=None, scheduler=None, check=True, **variables):
        """Runs a client command, with these variables besides; its CompletedProcess."""
        environment = {**self.environment(), **variables}
        if state:
            environment["BLOX_STATE_ENDPOINT"] = f"http://{state}"
        if scheduler:
            environment["BLOX_SCHEDULER_ENDPOINT"] = f"http://{scheduler}"
        result = subprocess.run(
            [str(BLOX), *arguments], env=environment, capture_output=True, text=True, timeout=60
        )
        if check and result.returncode:
            raise AssertionError(f"blox {arguments}: {result.returncode}: {result.stderr}")
        return result

    def end(self):
        for process in self.processes:
            process.kill()
