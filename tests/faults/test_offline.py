"""The tests talk to nobody beyond this machine, and would notice."""

import socket

import pytest

from tests.conftest import LEFT
from tests.faults import offline
from tests.faults.sandbox.sitecustomize import outbound

FAR = ("203.0.113.7", 443)
"""An address that is reserved for documents."""


def test_a_test_that_leaves_this_machine_is_refused_and_noticed() -> None:
    with (
        socket.socket() as talker,
        pytest.raises(ConnectionRefusedError, match=r"203\.0\.113\.7.* a test leaves this machine"),
    ):
        talker.connect(FAR)
    assert LEFT.pop() == "outbound socket.connect ('203.0.113.7', 443)"


def test_a_name_is_not_asked_for_either() -> None:
    with pytest.raises(ConnectionRefusedError, match=r"www\.example\.invalid"):
        socket.getaddrinfo("www.example.invalid", 443)
    assert LEFT.pop() == "outbound socket.getaddrinfo 'www.example.invalid'"


def test_this_machine_may_talk_to_itself() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        pass


@pytest.mark.parametrize(
    ("event", "address"),
    [
        ("socket.connect", "/run/postgresql/.s.PGSQL.5432"),
        ("socket.connect", ("127.0.0.53", 53)),
        ("socket.connect", ("::1", 5432, 0, 0)),
        ("socket.sendmsg", None),
    ],
)
def test_sockets_of_this_machine_are_near(event: str, address: object) -> None:
    assert outbound(event, (None, address)) == ""


@pytest.mark.parametrize("event", ["socket.connect", "socket.sendto", "socket.sendmsg"])
def test_whatever_is_sent_to_another_machine_is_noticed(event: str) -> None:
    assert outbound(event, (None, FAR)) == f"outbound {event} {FAR!r}"


@pytest.mark.skipif(bool(offline.find_skip_reason()), reason=offline.find_skip_reason())
def test_a_cut_off_process_has_no_way_out_but_to_itself() -> None:
    done = offline.cut_off_process("import socket; print(socket.create_server(('127.0.0.1', 0)))")
    assert done.returncode == 0, done.stderr
    away = "import socket; socket.create_connection(('203.0.113.7', 443), 5)"
    refused = offline.cut_off_process(away)
    assert refused.returncode == 1
    assert "Network is unreachable" in refused.stderr
