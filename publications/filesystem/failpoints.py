"""Named instants at which a test may end, stop or fail a run. Without its variable, nothing.

``LEADGAIN_FAILPOINT=files.written:kill`` ends the process there as ``kill -9`` does;
``:error`` lets the disk be full there, ``:pause`` waits until somebody ends the process.
"""

import errno
import os
import signal
import time

VARIABLE = "LEADGAIN_FAILPOINT"

TRAINING_FAILPOINTS = (
    "history.drawn",
    "backtest.done",
    "model.fitted",
    "model.saved",
    "model.logged",
    "model.kept",
    "champion.chosen",
    "decision.kept",
)
"""Where a training may be ended, in the order of its work."""

SCORING_FAILPOINTS = (
    "home.held",
    "export.read",
    "export.checked",
    "champion.loaded",
    "list.ranked",
    "run.started",
    "list.written",
    "files.written",
    "manifest.written",
    "folder.synced",
    "folder.moved",
    "file.drafted",
    "current.replaced",
    "old.set_aside",
    "old.removed",
)
"""Where a scoring may be ended, in the order of its work."""


def failpoint(name: str, of: str = "") -> None:
    """Do what the environment asks for at this instant; nothing where it asks for another.

    Parameters
    ----------
    name : one of ``TRAINING_FAILPOINTS`` and ``SCORING_FAILPOINTS``
    of : which of several, where the same instant comes more than once in a run: it may be asked
        for as ``file.drafted/CURRENT:kill``

    Raises
    ------
    OSError
        The environment asks for an error here: no space is left.
    ValueError
        The environment asks for something that no failpoint does.
    """
    asked = os.environ.get(VARIABLE)
    if not asked:
        return
    where, _, what = asked.partition(":")
    if where not in (name, f"{name}/{of}"):
        return
    match what:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "error":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        case "pause":
            while True:
                time.sleep(1)
        case _:
            raise ValueError(f"{VARIABLE}={asked}: after the colon comes kill, error or pause")
