"""Exit codes, and the paragraph that goes with them.

0 done, 2 wrong usage or configuration, 3 data refused, 4 busy, 1 our fault.
"""

from pathlib import Path
from traceback import FrameSummary, extract_tb

PACKAGES = ("crm", "features", "models", "publications", "pipelines", "dashboard")

INTERNAL_ERROR = 1
INTERRUPTED = 130
"""What a shell expects after Ctrl-C."""


class InternalError(RuntimeError):
    """An error that nobody foresaw, in words that may be kept: its own text may quote a cell."""


def redact_error(error: Exception) -> Exception:
    """The error itself if it is one of ours, which quotes nothing; else one that says where it was.

    >>> redact_error(KeyError("ann@example.com"))
    InternalError('This should not have happened (KeyError). What is published is whole. Run the
    command again with --debug and report what it shows.')
    """
    ours = isinstance(error, (InternalError, *_list_exit_codes()))
    return error if ours else InternalError(describe_error(error))


def find_exit_code(error: BaseException) -> int:
    """The exit code of an error.

    >>> from crm.errors import ConfigurationError
    >>> find_exit_code(ConfigurationError("...")), find_exit_code(ZeroDivisionError())
    (2, 1)
    """
    return next(
        (code for kind, code in _list_exit_codes().items() if isinstance(error, kind)),
        INTERNAL_ERROR,
    )


def describe_error(error: BaseException) -> str:
    """What went wrong, for people: an error of ours explains itself, another is our fault."""
    if isinstance(error, (InternalError, *_list_exit_codes())):
        return str(error)
    return (
        f"This should not have happened ({type(error).__name__}{_locate_error(error)}). What is "
        f"published "
        "is whole. Run the command again with --debug and report what it shows."
    )


def _locate_error(error: BaseException) -> str:
    """The last place of ours that the error passed; its own text may quote a cell."""
    ours = [frame for frame in extract_tb(error.__traceback__) if _find_package(frame) in PACKAGES]
    return (
        f" at {_find_package(ours[-1])}/{Path(ours[-1].filename).name}:{ours[-1].lineno}"
        if ours
        else ""
    )


def _find_package(frame: FrameSummary) -> str:
    return Path(frame.filename).parent.name


def _list_exit_codes() -> dict[type[BaseException], int]:
    from crm.errors import ConfigurationError, DataRefused
    from models.errors import ModelDamaged, ModelRefused, NotEnoughData
    from models.registry.registry import ChampionChanged, NoSuchVersion, RegistryUnavailable
    from pipelines.runtime.environment import PrefectUnavailable
    from publications.filesystem.durable_files import CannotWrite
    from publications.storage.lock import Busy
    from publications.storage.store import PublicationDamaged

    return {
        ConfigurationError: 2,
        NoSuchVersion: 2,
        DataRefused: 3,
        NotEnoughData: 3,
        Busy: 4,
        ChampionChanged: 4,
        ModelDamaged: INTERNAL_ERROR,
        ModelRefused: INTERNAL_ERROR,
        RegistryUnavailable: INTERNAL_ERROR,
        PrefectUnavailable: INTERNAL_ERROR,
        CannotWrite: INTERNAL_ERROR,
        PublicationDamaged: INTERNAL_ERROR,
    }
