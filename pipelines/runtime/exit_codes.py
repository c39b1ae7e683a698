"""Exit codes, and the paragraph that goes with them.

0 done, 2 wrong usage or configuration, 3 data refused, 4 busy, 1 internal error or an outage.
"""

from pathlib import Path
from traceback import extract_tb

ROOT = Path(__file__).parents[2]
PACKAGES = ("crm", "features", "models", "publications", "pipelines", "dashboard")

INTERNAL_ERROR = 1
INTERRUPTED = 130
"""What a shell expects after Ctrl-C."""


class InternalError(RuntimeError):
    """An unexpected error without its own text, which may quote a cell."""


def redact_error(error: Exception) -> Exception:
    """The error itself if it is one of ours, which quotes no cell; else one that says where.

    >>> redact_error(KeyError("ann@example.com"))
    InternalError('Internal error (KeyError). The published list is not affected. Run the command
    again with --debug and report what it shows.')
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
    """The message of an error of ours; of any other error its type and where it was raised."""
    if isinstance(error, (InternalError, *_list_exit_codes())):
        return str(error)
    return (
        f"Internal error ({type(error).__name__}{_locate_error(error)}). The published list is "
        "not affected. Run the command again with --debug and report what it shows."
    )


def _locate_error(error: BaseException) -> str:
    """The innermost line of leadgain's code; the error's own text may quote a cell."""
    for frame in reversed(extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(ROOT) and file.relative_to(ROOT).parts[0] in PACKAGES:
            return f" at {file.relative_to(ROOT)}:{frame.lineno}"
    return ""


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
