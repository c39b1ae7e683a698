"""How long work tells where it stands, without knowing who listens.

The command sets a listener; everything else calls :func:`step`. Without a listener it is silent.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

Advance = Callable[[int, int], None]
"""Called as ``advance(done, total)``."""


class Listener(Protocol):
    """Whoever shows the progress."""

    def begin(self, title: str) -> Advance:
        """A step begins; what is returned takes its progress."""

    def end(self, title: str) -> None:
        """The step is done."""


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def use_listener(listener: Listener) -> Iterator[None]:
    """Send the steps of this block to ``listener``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def step(title: str) -> Iterator[Advance]:
    """Announce one step of the work.

    >>> with step("Reading the export") as advance:
    ...     advance(1, 2)
    """
    listener = _listener.get()
    if listener is None:
        yield _ignore
        return
    yield listener.begin(title)
    listener.end(title)


def _ignore(done: int, total: int) -> None:
    """Nobody listens."""
