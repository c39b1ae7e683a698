"""Exit codes, and the paragraph that goes with them.

0 done, 2 wrong usage or configuration, 3 data refused, 4 busy, 1 our fault.
"""

from pathlib import Path
from traceback import FrameSummary, extract_tb

ROOMS = ("crm", "features", "models", "publications", "pipelines", "dashboard")

OUR_FAULT = 1
INTERRUPTED = 130
"""What a shell expects after Ctrl-C."""


class OurFault(RuntimeError):
    """An error that nobody foresaw, in words that may be kept: its own text may quote a cell."""


def in_kept_words(error: Exception) -> Exception:
    """The error itself if it is one of ours, which quotes nothing; else one that says where it was.

    >>> in_kept_words(KeyError("ann@example.com"))
    OurFault('This should not have happened (KeyError). What is published is whole. Run the command
    again with --debug and report what it shows.')
    """
    ours = isinstance(error, (OurFault, *_codes()))
    return error if ours else OurFault(paragraph_of(error))


def exit_code_of(error: BaseException) -> int:
    """The exit code of an error.

    >>> from crm.errors import ConfigurationError
    >>> exit_code_of(ConfigurationError("...")), exit_code_of(ZeroDivisionError())
    (2, 1)
    """
    return next((code for kind, code in _codes().items() if isinstance(error, kind)), OUR_FAULT)


def paragraph_of(error: BaseException) -> str:
    """What went wrong, for people: an error of ours explains itself, another is our fault."""
    if isinstance(error, (OurFault, *_codes())):
        return str(error)
    return (
        f"This should not have happened ({type(error).__name__}{_where(error)}). What is published "
        "is whole. Run the command again with --debug and report what it shows."
    )


def _where(error: BaseException) -> str:
    """The last place of ours that the error passed; its own text may quote a cell."""
    ours = [frame for frame in extract_tb(error.__traceback__) if _room_of(frame) in ROOMS]
    return (
        f" at {_room_of(ours[-1])}/{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    )


def _room_of(frame: FrameSummary) -> str:
    return Path(frame.filename).parent.name


def _codes() -> dict[type[BaseException], int]:
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
        ModelDamaged: OUR_FAULT,
        ModelRefused: OUR_FAULT,
        RegistryUnavailable: OUR_FAULT,
        PrefectUnavailable: OUR_FAULT,
        CannotWrite: OUR_FAULT,
        PublicationDamaged: OUR_FAULT,
    }
