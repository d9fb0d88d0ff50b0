"""A password in an endpoint's URL, as people behind a proxy write it, is told to nobody."""

import pytest

from processes import wait_until
from web import get

PASSWORD = "hush-hush"


def test_the_password_of_an_endpoint_is_told_to_nobody(fleet, simulator):
    scheduler = fleet.daemon_scheduler(
        f"http://{simulator.addresses[0]}", f"http://user:{PASSWORD}@127.0.0.1:1"
    )
    address = scheduler.addresses[0]
    answer = wait_until(
        "what it cannot reach is named",
        lambda: (ready := get(address, "/readyz")) and "127.0.0.1:1" in ready.text and ready,
    )
    assert answer.status == 503
    wait_until("its log says so, too", lambda: "127.0.0.1:1" in scheduler.log())
    shown = [answer.text, get(address, "/metrics").text, get(address, "/v1/environments").text]
    assert PASSWORD not in "".join(shown) + scheduler.log()


def test_nor_by_the_commands(fleet):
    for url in (f"http://user:{PASSWORD}@127.0.0.1:1", f"user:{PASSWORD}@127.0.0.1",
                f"ftp://user:{PASSWORD}@127.0.0.1", f"http://user:{PASSWORD}@127.0.0.1:x"):
        for command in (["tasks", "list"], ["environments", "list"], ["instances", "list"]):
            result = fleet.cli(
                *command, "--state-endpoint", url, "--scheduler-endpoint", url, check=False
            )
            assert result.returncode in (1, 2)
            assert PASSWORD not in result.stdout + result.stderr, url


# libcurl repeats a proxy's URL that it does not understand, as it stands in the variable.
PROXIES = (f"http://user:{PASSWORD}@127.0.0.1:1", f"http://user:{PASSWORD}@proxy:port",
           f"ftp://user:{PASSWORD}@proxy:1", f"http://user:{PASSWORD} x@proxy:1",
           f"socks5://user:{PASSWORD}@127.0.0.1:1", f"user:x/{PASSWORD}@127.0.0.1:1")


def test_nor_is_that_of_a_proxy(fleet):
    for proxy in PROXIES:
        result = fleet.cli("tasks", "list", "--state-endpoint", "css.example:1", check=False,
                           http_proxy=proxy)
        assert result.returncode == 1 and "css.example" in result.stderr
        assert PASSWORD not in result.stdout + result.stderr, proxy


@pytest.mark.parametrize("proxy", PROXIES)
def test_nor_by_a_service_behind_a_proxy(fleet, proxy):
    service = fleet.run(
        "state", "cluster-state-service", "--bind", "127.0.0.1:0", "--store", "memory:",
        endpoint="http://ecs.example:1", http_proxy=proxy, CSS_LOG_LEVEL="debug",
    )
    address = service.addresses[0]
    wait_until("its log says what it cannot reach", lambda: "ecs.example" in service.log())
    shown = "".join(get(address, path).text for path in ("/readyz", "/metrics", "/v1/tasks"))
    assert PASSWORD not in shown + service.log()


def test_nor_at_a_start_that_is_refused(fleet):
    url = f"http://user:{PASSWORD}@127.0.0.1:1"
    for arguments, variables in (
        (["--store", f"etcd:user:{PASSWORD}@127.0.0.1"], {}),
        (["--etcd-endpoint", url], {}),
        (["--queue", f"{url}/123456789012/q"], {}),
        (["--queue", f"kinesis://user:{PASSWORD}@h"], {}),
        (["--store", "memory:", "--css-bind", f"user:{PASSWORD}@127.0.0.1:0"], {}),
        (["--store", "memory:", "--trusted-proxy", url], {}),
        (["--store", "memory:", "--allowed-host", f"{url}/"], {}),
        ([], {"AWS_ENDPOINT_URL": url}),
    ):
        result = fleet.cli("server", *arguments, check=False, **variables)
        assert result.returncode == 1
        assert PASSWORD not in result.stdout + result.stderr, arguments
