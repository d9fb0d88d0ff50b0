"""A password in an endpoint's URL, as people behind a proxy write it, is told to nobody."""

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
            assert result.returncode == 1
            assert PASSWORD not in result.stdout + result.stderr, url


def test_nor_at_a_start_that_is_refused(fleet):
    url = f"http://user:{PASSWORD}@127.0.0.1:1"
    for arguments, variables in (
        (["--store", f"etcd:user:{PASSWORD}@127.0.0.1"], {}),
        (["--etcd-endpoint", url], {}),
        ([], {"AWS_ENDPOINT_URL": url}),
    ):
        result = fleet.cli("server", *arguments, check=False, **variables)
        assert result.returncode == 1
        assert PASSWORD not in result.stdout + result.stderr, arguments
