"""What is put in the place of a guard to take it out. Nothing here belongs into leadgain."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Holes = Mapping[str, str]
"""Guard ("module:name") -> what takes its place ("module:name")."""


@contextmanager
def taken_out(holes: Holes) -> Iterator[None]:
    """Take guards out of this very process for a while."""
    kept = {}
    for place, other in holes.items():
        (module, name), (there, that) = place.split(":"), other.split(":")
        kept[place] = getattr(import_module(module), name)
        setattr(import_module(module), name, getattr(import_module(there), that))
    try:
        yield
    finally:
        for place, guard in kept.items():
            module, name = place.split(":")
            setattr(import_module(module), name, guard)


def nothing(*_: object, **__: object) -> None:
    """Refuse nothing, mend nothing, do nothing."""


def no_rows(*_: object, **__: object) -> dict[str, int]:
    """No size is usual."""
    return {}


def not_barred(*_: object, **__: object) -> str:
    """No reason why a challenger may not lead."""
    return ""


def takes_over(*_: object, **__: object) -> Any:
    """Whoever challenges takes over."""
    from pipelines.lifecycle.promotion import PromotionDecision

    return PromotionDecision(True, "It takes over.")


def always_free(*_: object, **__: object) -> None:
    """A lock that everybody gets."""


@contextmanager
def any_error(path: Path) -> Iterator[None]:
    """What the disk says is passed on as it is."""
    yield


def current_first(folder: Path, target: Path) -> None:
    """CURRENT names a publication before it is in its place, file by file."""
    from publications.filesystem.failpoints import failpoint

    if target.parent.name == "publications":
        (target.parent.parent / "CURRENT").write_text(f"{target.name}\n")
    failpoint("folder.synced", target.parent.name)
    shutil.copytree(folder, target)
    shutil.rmtree(folder)


def other_seed(context: Any) -> Any:
    """A training that no other repeats."""
    from time import time_ns

    from models.scorer.scorer import LeadScorer

    return LeadScorer(seed=time_ns() % 2**31, threads=context.settings.training.threads)


def fresh_by_the_clock(*arguments: Any, **named: Any) -> Any:
    """A fact that looks at the clock instead of at the list's instant."""
    import time

    from features.freshness import compute_days_since_fresh

    return compute_days_since_fresh(*arguments, **named) * 0 + time.time_ns() % 1000


def due_by_the_wall(
    cron: str, timezone: str, start: pd.Timestamp, end: pd.Timestamp
) -> list[pd.Timestamp]:
    """Due whenever the wall clock shows the time, as a careless loop would do."""
    minute, hour = (int(word) for word in cron.split()[:2])
    instants = pd.date_range(start.ceil("min"), end, freq="min")
    local = instants.tz_convert(timezone)
    return list(instants[(local.hour == hour) & (local.minute == minute)])


def constant_scores(*arguments: Any, **named: Any) -> pd.DataFrame:
    """A challenger that gives every lead the same score."""
    return _tested(*arguments, **named).assign(score=0.25, raw_score=0.0)


def missing_scores(*arguments: Any, **named: Any) -> pd.DataFrame:
    """A challenger whose scores are not numbers."""
    return _tested(*arguments, **named).assign(score=np.nan, raw_score=np.nan)


def shuffled_scores(*arguments: Any, **named: Any) -> pd.DataFrame:
    """A challenger that learned from shuffled labels: its scores say nothing."""
    tested = _tested(*arguments, **named)
    order = np.random.default_rng(1).permutation(len(tested))
    scores = tested[["score", "raw_score"]].to_numpy()[order]
    return tested.assign(score=scores[:, 0], raw_score=scores[:, 1])


def upside_down(*arguments: Any, **named: Any) -> pd.DataFrame:
    """A challenger that puts the best leads last."""
    tested = _tested(*arguments, **named)
    return tested.assign(score=1 - tested["score"], raw_score=-tested["raw_score"])


def _tested(*arguments: Any, **named: Any) -> pd.DataFrame:
    """The backtest as leadgain does it."""
    from models.evaluation.backtest import backtest_folds

    return backtest_folds(*arguments, **named)
