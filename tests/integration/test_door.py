"""The front door of real processes: what a single peer must not be able to do, with the limits that
ship. See docs/security.md."""

import os
import resource
import socket

from processes import wait_until
from web import get


def connect(address):
    host, port = address.rsplit(":", 1)
    peer = socket.create_connection((host, int(port)), timeout=10)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def status_of(address, request):
    """The status line's number of what a connection of its own answers to `request`."""
    with connect(address) as peer:
        peer.sendall(request)
        return int(peer.recv(1000).split(b" ")[1])


def resident_kib(process):
    with open(f"/proc/{process.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def metric(address, name):
    for line in get(address, "/metrics").text.split("\n"):
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"no metric {name}")


def test_one_request_ends_no_process(fleet, simulator):
    server = fleet.server(f"http://{simulator.addresses[0]}")
    trailer = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: "
        + b"x" * 65_600 + b"\r\n\r\n"
    )
    for address in [*server.addresses, simulator.addresses[0]]:
        assert status_of(address, trailer) == 431
        assert get(address, "/healthz").status == 200


def test_a_head_without_end_is_refused_and_takes_no_memory(fleet, simulator):
    server = fleet.server(f"http://{simulator.addresses[0]}")
    before = resident_kib(server)
    with connect(server.addresses[0]) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\na")
        segment = b":\r\n" + b"a:\r\n" * 2047 + b"a"
        answer = b""
        try:
            for _ in range(1000):
                peer.sendall(segment)
            answer = peer.recv(1000)
        except OSError:
            pass  # Refused and closed while we still send.
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431")
    assert resident_kib(server) - before < 8 << 10


def test_unfinished_bodies_take_no_more_than_they_may(fleet, simulator):
    server = fleet.server(f"http://{simulator.addresses[0]}", "--request-memory", "8MiB")
    before = resident_kib(server)
    peers = []
    for _ in range(600):
        peer = connect(server.addresses[0])
        peer.sendall(
            b"POST /v1/reconcile HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n"
        )
        try:
            peer.sendall(b"x" * 65_535)
        except OSError:
            pass  # Told that there is no room.
        peers.append(peer)
    assert get(server.addresses[0], "/healthz").status == 200
    # 600 bodies are 39 MB; this address may have half of the 8 MiB.
    assert resident_kib(server) - before < 24 << 10
    refused = 0
    for peer in peers:
        peer.setblocking(False)
        try:
            refused += peer.recv(100).startswith(b"HTTP/1.1 503")
        except BlockingIOError:
            pass  # Its body is waited for.
        except ConnectionError:
            refused += 1
    assert 400 < refused < 600
    for peer in peers:
        peer.close()


def test_foreign_names_get_nothing_but_probes(fleet, simulator):
    server = fleet.server(f"http://{simulator.addresses[0]}", "--allowed-host", "blox.example")
    wait_until("ready", lambda: get(server.addresses[0], "/readyz").status == 200)
    wait_until("ready", lambda: get(server.addresses[1], "/readyz").status == 200)
    for address in server.addresses:
        path = "/v1/tasks" if address == server.addresses[0] else "/v1/environments"
        for host, wanted in [
            ("evil.example", 403), ("localhost", 200), ("10.1.2.3:80", 200), ("css", 200),
            (socket.gethostname(), 200), ("blox.example", 200),
        ]:
            request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
            assert status_of(address, request) == wanted, host
        for probe in ["/healthz", "/readyz"]:
            request = f"GET {probe} HTTP/1.1\r\nHost: evil.example\r\n\r\n".encode()
            assert status_of(address, request) == 200
        cross = b"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n\r\n"
        assert status_of(address, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n" + cross) == 403


def test_streams_whose_peers_have_gone_end(fleet, simulator):
    server = fleet.server(f"http://{simulator.addresses[0]}")
    wait_until("ready", lambda: get(server.addresses[0], "/readyz").status == 200)
    for _ in range(40):
        with connect(server.addresses[0]) as peer:
            peer.sendall(b"GET /v1/stream/instances HTTP/1.1\r\nHost: localhost\r\n\r\n")
            peer.recv(4096)
            try:
                peer.sendall(b"x" * 120_000)
            except OSError:
                pass  # Broken off already.
    wait_until("no stream left", lambda: metric(server.addresses[0], "blox_http_streams") == 0)


def test_programs_that_are_started_inherit_nothing(fleet, simulator):
    server = fleet.server(
        f"http://{simulator.addresses[0]}", "--reconcile-interval", "10s",
    )
    wait_until("ready", lambda: get(server.addresses[0], "/readyz").status == 200)
    with connect(server.addresses[0]) as peer:
        peer.sendall(b"GET /v1/stream/tasks HTTP/1.1\r\nHost: localhost\r\n\r\n")
        peer.recv(1000)
        folder = f"/proc/{server.process.pid}/fd"
        open_to_all = []
        for descriptor in os.listdir(folder):
            if int(descriptor) <= 2:
                continue
            try:
                target = os.readlink(f"{folder}/{descriptor}")
                with open(f"/proc/{server.process.pid}/fdinfo/{descriptor}") as info:
                    flags = next(line for line in info if line.startswith("flags:"))
            except FileNotFoundError:
                continue  # Closed meanwhile.
            if not int(flags.split()[1], 8) & os.O_CLOEXEC:
                open_to_all.append(target)
        assert open_to_all == []


def test_a_server_without_descriptors_says_so_once_and_goes_on(fleet, simulator):
    server = fleet.server(f"http://{simulator.addresses[0]}")
    wait_until("ready", lambda: get(server.addresses[0], "/readyz").status == 200)
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, before[1]))
    said = lambda: server.log().count("cannot accept on")
    with connect(server.addresses[0]), connect(server.addresses[0]), connect(server.addresses[0]):
        wait_until("a warning", said)
        # Ten tries a second; the kernel has answered for us, and nobody takes the connections.
        calls = f"/proc/{pid}/status"
        def switches():
            with open(calls) as status:
                return next(
                    int(line.split()[1]) for line in status
                    if line.startswith("voluntary_ctxt_switches")
                )
        first = switches()
        wait_until("some tries", lambda: switches() > first + 20)
        assert said() == 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    wait_until("answers", lambda: get(server.addresses[0], "/healthz").status == 200)
    assert said() == 1
