"""What stands in README.md and docs/ for readers to type, typed."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess

from processes import BLOX, ROOT, wait_until
from web import get

# What fails fails the test: curl alone takes a refusal for an answer.
CAREFUL = 'curl() { command curl -f "$@"; }\n'


def sh_blocks(page):
    """The blocks of shell commands of a page, in order."""
    return re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)


@contextlib.contextmanager
def shell(fleet, lines, ports, variables):
    """Runs the lines in one bash that has the program on its path, with free ports in place of
    these; it and the path of what it prints. It and all that it started end with the block."""
    reserved = []
    for port in ports:
        # Bound and not listening: nobody else is given the port, and the program can take it.
        reserved.append(socket.socket())
        reserved[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved[-1].bind(("127.0.0.1", 0))
        free = str(reserved[-1].getsockname()[1])
        lines = lines.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free}")
        variables = {name: text.replace(f":{port}", f":{free}") for name, text in variables.items()}
    output = fleet.directory / "shell.log"
    with open(output, "wb") as log:
        process = subprocess.Popen(
            ["bash", "-euc", CAREFUL + lines], cwd=ROOT, stdout=log, stderr=log,
            start_new_session=True,
            env={"PATH": f"{BLOX.parent}:/usr/bin:/bin", "HOME": str(fleet.directory), **variables},
        )
    try:
        yield process, output
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for held in reserved:
            held.close()


def test_the_shell_lines_of_the_readme(fleet):
    """Pasted as a whole into a shell, they do what they say; and so do those of docs/api, which go
    on from there."""
    (block,) = [block for block in sh_blocks("README.md") if block.startswith("./dev build")]
    *lines, stream = block.rstrip("\n").split("\n")[1:]
    assert stream.startswith("curl -N")
    variables = {"BLOX_BIND": "127.0.0.1:4567", "BLOX_CSS_BIND": "127.0.0.1:3000",
                 "BLOX_SCHEDULER_BIND": "127.0.0.1:2000",
                 "BLOX_STATE_ENDPOINT": "http://127.0.0.1:3000",
                 "BLOX_SCHEDULER_ENDPOINT": "http://127.0.0.1:2000"}
    whole = "\n".join([*lines, *sh_blocks("docs/api/README.md"), stream])
    with shell(fleet, whole, ("4567", "3000", "2000"), variables) as (process, output):
        # Its last line follows a stream, which begins with the tasks and a bookmark.
        wait_until(
            "the stream begins",
            lambda: '"type":"bookmark"' in output.read_text() or process.poll() is not None, 60,
        )
        text = output.read_text()
    assert '"type":"bookmark"' in text, text
    assert "is completed." in text, text
    assert len(re.findall(r"^\w+ +web .* agent:1 .*RUNNING", text, re.M)) == 5, text


def test_the_shell_lines_of_the_simulator(fleet):
    whole = "\n".join(sh_blocks("docs/simulator.md"))
    variables = {"BLOX_BIND": "127.0.0.1:4567"}
    with shell(fleet, whole, ("4567",), variables) as (process, output):
        wait_until("all of it is done", lambda: process.poll() is not None, 60)
        text = output.read_text()
    assert process.returncode == 0, text
    assert "PROVISIONING" in text and '"detail-type":"ECS ' in text, text
    for answer in ('"status":"DRAINING"', '"agentConnected":false', '"status":"INACTIVE"',
                   '"eventDelay":["2s","10s"]', '"foreignStopCount":0', '"paused":true'):
        assert answer in text, text


def test_the_faults_of_the_simulator(fleet, simulator):
    """The page names each, with its default."""
    page = (ROOT / "docs/simulator.md").read_text().split("## Faults")[1]
    told = dict(re.findall(r"^\| `(\w+)` \| `?([^|`]*)`? \|", page, re.M))
    shown = get(simulator.addresses[0], "/simulator/faults").json()
    assert {name: json.loads(text) for name, text in told.items()} == shown


def test_the_control_calls_of_the_simulator(fleet):
    """Each row of the page's table has its line of shell."""
    page = (ROOT / "docs/simulator.md").read_text()
    typed = sh_blocks("docs/simulator.md")[-1]
    table = page.split("## Control calls")[1].split("Each of them once")[0]
    for row in re.findall(r"^\| (`(?:GET|POST).*?) \|", table, re.M):
        for path in re.findall(r"(?:/simulator|…)(/[\w/]+)", row):
            assert re.search("/" + path.rsplit("/", 1)[-1] + r"(?![\w/])", typed), row


def source_text(files=None):
    """What the programs, or these files of them, are made of, texts that are broken over several
    lines put together."""
    if files is None:
        files = [path for folder in ("src", "apps") for path in (ROOT / folder).rglob("*.cc")]
    text = "\n".join(path.read_text() for path in files if not path.name.endswith("_test.cc"))
    return re.sub(r'"\s*"', "", text)


def test_the_metrics_that_people_are_told_of():
    """Each that a page names is there, and each that pages people has its row and its alert."""
    pages = {path: path.read_text() for path in (ROOT / "docs").rglob("*.md")}
    source = source_text()
    for path, page in pages.items():
        for name in re.findall(r"\b(?:blox|doubled)_[a-z_]+_?(?:total|seconds)\b", page):
            assert f'"{name}"' in source, f"{path}: {name}"
    alerts = pages[ROOT / "docs/operations/alerts.md"]
    rows = re.findall(r"^\| `(\w+)[^|]*` \|", alerts, re.M)
    assert len(rows) > 8
    for name in rows:
        assert f'"{name}"' in source, name
        used = re.search(rf"expr: .*\b{name}\b", alerts)
        assert used, f"{name} has no alert"


# Where what /readyz says is put together: a sentence of another file is none of its.
READYZ_FILES = {
    "daemon-scheduler": ["apps/blox/scheduler_service.cc"],
    "cluster-state-service": [
        "apps/blox/state_service.cc", "src/cluster_state/api/cluster_state_api.cc",
        "src/cluster_state/api/holes_text.cc", "src/cluster_state/api/unread.cc",
        "src/cluster_state/ingest/ingest.cc", "src/cluster_state/ingest/queue_condition.cc",
    ],
}


def test_the_sentences_of_readyz():
    """Each that the page explains is one that /readyz of the service says."""
    page = (ROOT / "docs/operations/readiness.md").read_text()
    count = 0
    for service, files in READYZ_FILES.items():
        (rows,) = re.findall(rf"^## {service}\n(.*?)(?=^## |\Z)", page, re.M | re.S)
        source = source_text([ROOT / file for file in files]).replace('"\\n', '"')
        for cell in re.findall(r"^\| (`.*?) \|", rows, re.M):
            for sentence in re.findall(r"`([^`]+)`", cell):
                count += 1
                parts = re.split(r"\b(?:URL|ARN|N)\b|…|\d|: ", sentence)
                words = [part.strip(" ,;()") for part in parts]
                assert '"' + words[0] in source, f"'{words[0]}' begins '{sentence}'"
                for part in words:
                    assert part in source, f"'{part}' of '{sentence}'"
    assert count > 12
