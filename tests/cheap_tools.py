"""What other libraries would do anew in every test, done once or not at all."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from pipelines.runtime.prefect_server import LocalServer

PICTURES = ("gains", "tiers", "lists", "calibration")
"""Of the report, each in both themes: eight drawings take two thirds of a small scoring."""


@contextmanager
def patched(leave_out: Callable[[pytest.MonkeyPatch], None]) -> Iterator[pytest.MonkeyPatch]:
    """Something left out until the block ends; yields what undoes it."""
    with pytest.MonkeyPatch.context() as patch:
        leave_out(patch)
        yield patch


def leave_pictures_out(patch: pytest.MonkeyPatch) -> None:
    """Put blanks in the place of the drawings of reports and evidence."""
    blank = "<svg></svg>"
    drawn = {name: {"light": blank, "dark": blank} for name in PICTURES}
    patch.setattr("publications.report.report._draw_pictures", lambda *_: drawn)
    patch.setattr("publications.report.report.render_svg", lambda *_, **__: blank)
    patch.setattr("pipelines.lifecycle.evidence.render_png", lambda _: b"")


def leave_prefect_out(patch: pytest.MonkeyPatch) -> None:
    """Have flows and tasks be the functions that they mark, with a server that is none.

    A real one takes twenty seconds of processor time to start, and each flow waits a second for it.
    Prefect is not imported before a flow is.
    """

    def provide(_: bool) -> LocalServer:
        run_flows_plainly(patch)
        return cast(LocalServer, NoServer())

    patch.setattr("pipelines.runtime.environment._get_own_server", provide)


def run_flows_plainly(patch: pytest.MonkeyPatch) -> None:
    """Have flows and tasks call their functions; this imports Prefect."""
    for marked in ("Flow", "Task"):
        patch.setattr(
            f"prefect.{marked}.__call__", lambda self, *args, **more: self.fn(*args, **more)
        )


class NoServer:
    """What is left of ``LocalServer`` where nobody asks it anything."""

    url, credential = "http://127.0.0.1:9/api", ""

    def wait_until_up(self, _: float) -> None:
        """It is as much there as it will ever be."""


@contextmanager
def copy_migrated_tables(template: Path) -> Iterator[None]:
    """MLflow's tables copied instead of built by sixty migrations, which take seconds.

    Parameters
    ----------
    template : a database of MLflow's, written by the first migration and copied by all later ones
    """
    with pytest.MonkeyPatch.context() as patch:
        _copy_migrated_tables(patch, template)
        yield


def _copy_migrated_tables(patch: pytest.MonkeyPatch, template: Path) -> None:
    from alembic import command

    migrate = command.upgrade

    def upgrade(config: Any, revision: str, **more: Any) -> None:
        connection = config.attributes.get("connection")
        if connection is None or connection.dialect.name != "sqlite":
            migrate(config, revision, **more)
            return
        target = connection.connection.driver_connection
        if template.exists():
            with closing(sqlite3.connect(template)) as source:
                source.backup(target)
            return
        migrate(config, revision, **more)
        connection.commit()
        draft = template.with_name(f"{template.name}.{os.getpid()}")
        with closing(sqlite3.connect(draft)) as copy:
            target.backup(copy)
        draft.replace(template)

    patch.setattr(command, "upgrade", upgrade)
