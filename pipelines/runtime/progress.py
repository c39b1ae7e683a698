"""How long work reports its progress, without knowing who shows or keeps it.

The command and the log of a run listen; everything else calls :func:`step`.
"""

import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from typing import Protocol

Advance = Callable[[int, int], None]
"""Called as ``advance(done, total)``."""
LIBRARIES = ("pandas", "scikit-learn", "lightgbm", "mlflow", "prefect", "great-expectations")
"""Whose versions explain a run that differs from the one before."""


@dataclass
class Step:
    """One step of the work: while it lasts, and when it has ended."""

    title: str
    advances: tuple[Advance, ...]
    """Of each listener."""
    rows: int | None = None
    """How many were worked on; None where they are not counted."""
    seconds: float = 0.0
    failed: bool = False

    def advance(self, done: int, total: int) -> None:
        """Report how far the step is."""
        for advance in self.advances:
            advance(done, total)

    def describe(self) -> str:
        """One line with rows, seconds and memory, and no lead's data.

        >>> Step("Checking the data", (), rows=13087, seconds=2.34).describe()  # doctest: +ELLIPSIS
        'Checking the data: 13,087 rows, 2.3 s, peak memory ... MB'
        """
        rows = "" if self.rows is None else f"{self.rows:,} rows, "
        ended = "failed after " if self.failed else ""
        memory = f"peak memory {measure_peak_memory() / 1e6:,.0f} MB"
        return f"{self.title}: {rows}{ended}{self.seconds:.1f} s, {memory}"


class Listener(Protocol):
    """Shows or keeps the progress."""

    def begin(self, title: str) -> Advance:
        """A step begins; what is returned takes its progress."""

    def end(self, step: Step) -> None:
        """The step is done, or has failed."""


_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


@contextmanager
def use_listener(listener: Listener) -> Iterator[None]:
    """Send the steps of this block to ``listener`` too."""
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


@contextmanager
def step(title: str, rows: int | None = None) -> Iterator[Step]:
    """Announce one step of the work.

    >>> with step("Reading the export") as reading:
    ...     reading.advance(1, 2)
    ...     reading.rows = 13_087
    """
    listeners = _listeners.get()
    current = Step(title, tuple(listener.begin(title) for listener in listeners), rows)
    begun = time.monotonic()
    try:
        yield current
    except BaseException:
        current.failed = True
        raise
    finally:
        current.seconds = time.monotonic() - begun
        for listener in listeners:
            listener.end(current)


def measure_peak_memory() -> int:
    """The most memory that this process has held so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def describe_versions() -> str:
    """The versions of leadgain, Python and the libraries of the card, on one line."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"leadgain {version('leadgain')}, Python {platform.python_version()}, {libraries}"
