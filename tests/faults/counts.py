"""What was tried and how often it held: the rows from which docs/reliability.md takes its table."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.faults.warm import ROOT

COMMAND = "the command"
"""The ``leadgain`` command in a process of its own, as a shell or a timer starts it."""
FORKED = "the command, forked"
"""The same from its first line on, in a fork of a process that has done the imports."""
LIBRARY = "leadgain's functions"
"""The functions behind the command, called directly."""


@dataclass(frozen=True)
class Row:
    """One thing that was tried: so many times, of which so many held."""

    promise: str
    tried: str
    how: str
    times: int
    held: int
    seconds: float
    found: str = ""
    """What else was counted, as part of a sentence."""
    broken: tuple[str, ...] = ()
    """One sentence for each time that it did not hold."""

    @property
    def kept(self) -> bool:
        """Whether it held each time, and was tried at all."""
        return self.times > 0 and self.held == self.times


@dataclass
class Tally:
    """Counts one row; a trial that fails is told and does not end the others."""

    promise: str
    tried: str
    how: str
    times: int = 0
    broken: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    @contextmanager
    def trial(self, name: str) -> Iterator[None]:
        """Count one trial; any error in it means that the promise did not hold."""
        self.times += 1
        try:
            yield
        except Exception as error:  # whatever it is: it is told, counted, and fails the part
            self.broken.append(f"{name}: {type(error).__name__}: {error}"[:2000])

    def row(self, found: str = "") -> Row:
        """The row, once all trials are done."""
        return Row(
            self.promise,
            self.tried,
            self.how,
            self.times,
            self.times - len(self.broken),
            round(time.monotonic() - self.begun, 1),
            found,
            tuple(self.broken),
        )


@dataclass
class Counts:
    """The rows of one run of the harness, by the part that made them."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)
    circumstances: dict[str, Any] = field(default_factory=lambda: describe_run(datetime.now(UTC)))
    """As they were when it began: the tree may change meanwhile."""


def record_counts(file: Path, counts: Counts, *, whole: bool) -> None:
    """Write the counts of a whole run; those of some parts replace the rows of these parts."""
    rows = [row for part in counts.rows.values() for row in part]
    if whole:
        minutes = round((time.monotonic() - counts.begun) / 60, 1)
        write_counts(file, rows, {**counts.circumstances, "minutes": minutes})
    else:
        replace_rows(file, rows, counts.circumstances)


def describe_run(at: datetime) -> dict[str, Any]:
    """When, on what and of which commit the counts are."""
    return {
        "commit": _ask_git("rev-parse", "HEAD"),
        "changed": bool(_ask_git("status", "--porcelain", "--untracked-files=no")),
        "date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            "python": platform.python_version(),
        },
    }


def _ask_git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def row_of(content: dict[str, Any]) -> Row:
    """A row as it comes out of JSON, which knows no tuples."""
    return Row(**{**content, "broken": tuple(content["broken"])})


def write_counts(file: Path, rows: list[Row], circumstances: dict[str, Any]) -> None:
    """Write the rows with their sums and the circumstances of the run."""
    content = {
        **circumstances,
        "times": sum(row.times for row in rows),
        "held": sum(row.held for row in rows),
        "rows": [asdict(row) for row in rows],
    }
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def replace_rows(file: Path, rows: list[Row], circumstances: dict[str, Any]) -> None:
    """Put rows that were tried again in the place of the old ones, and tell when they were.

    What was not tried before stands behind the other rows of its promise.
    """
    known, told = read_counts(file)
    for row in rows:
        places = [n for n, old in enumerate(known) if (old.tried, old.how) == (row.tried, row.how)]
        if places:
            known[places[0]] = row
        else:
            of_promise = [n for n, old in enumerate(known) if old.promise == row.promise]
            known.insert(of_promise[-1] + 1 if of_promise else len(known), row)
    tried = list(dict.fromkeys(row.tried for row in rows))
    when = {key: circumstances[key] for key in ("commit", "changed", "date")}
    before = ({**e, "tried": _without(e["tried"], tried)} for e in told.pop("later", []))
    later = [*(entry for entry in before if entry["tried"]), {"tried": tried, **when}]
    write_counts(file, known, {**told, "later": later})


def _without(names: list[str], others: list[str]) -> list[str]:
    return [name for name in names if name not in others]


def read_counts(file: Path) -> tuple[list[Row], dict[str, Any]]:
    """What ``write_counts`` wrote: the rows, and all else."""
    content = json.loads(file.read_text(encoding="utf-8"))
    rows = [row_of(row) for row in content.pop("rows")]
    return rows, content
