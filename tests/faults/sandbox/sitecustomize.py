"""Python imports this at its start where the folder is on PYTHONPATH: nobody talks to the world.

``LEADGAIN_OUTBOUND`` names the file into which every process writes that it was watched, and
every attempt to reach something beyond this machine, which is refused.
"""

import os
import sys
from typing import Any

NEAR = ("localhost", "::1", "::", "0.0.0.0", "None", "")  # noqa: S104 (addresses to compare with)


def is_near(host: object) -> bool:
    """Whether an address or a name is this machine's own."""
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    return text in (*NEAR, os.uname().nodename) or text.startswith("127.")


def outbound(event: str, arguments: tuple[Any, ...]) -> str:
    """What an audited event would reach beyond this machine; empty where it stays here."""
    if not event.startswith("socket."):
        return ""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        near = not isinstance(address, tuple) or is_near(address[0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        address = arguments[0]
        near = is_near(address)
    else:
        return ""
    return "" if near else f"outbound {event} {address!r}"


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if told := outbound(event, arguments):
        _tell(told)
        raise ConnectionRefusedError(f"{told} leaves this machine")


def _tell(line: str) -> None:
    descriptor = os.open(os.environ["LEADGAIN_OUTBOUND"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{os.getpid()} {line}\n".encode())
    os.close(descriptor)


if "LEADGAIN_OUTBOUND" in os.environ:
    _tell("watched")
    sys.addaudithook(_refuse)
