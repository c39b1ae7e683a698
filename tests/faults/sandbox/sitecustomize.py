"""Python imports this at its start where the folder is on PYTHONPATH: nobody talks to the world.

``LEADGAIN_OUTBOUND`` names the file into which every process writes that it was watched, and
every attempt to reach something beyond this machine, which is refused.
"""

import os
import sys

NEAR = ("localhost", "::1", "::", "0.0.0.0", "None", "")  # noqa: S104 (addresses to compare with)


def _is_near(host):
    """Whether an address is this machine's own."""
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    return text in NEAR or text.startswith("127.")


def _watch(event, arguments):
    if not event.startswith("socket."):
        return
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if not isinstance(address, tuple) or _is_near(address[0]):
            return
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        if _is_near(arguments[0]):
            return
        address = arguments[0]
    else:
        return
    _tell(f"outbound {event} {address!r}")
    raise ConnectionRefusedError(f"{event} to {address!r} leaves this machine")


def _tell(line):
    descriptor = os.open(os.environ["LEADGAIN_OUTBOUND"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{os.getpid()} {line}\n".encode())
    os.close(descriptor)


if "LEADGAIN_OUTBOUND" in os.environ:
    _tell("watched")
    sys.addaudithook(_watch)
