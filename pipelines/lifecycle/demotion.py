"""A champion whose proof has ceased to hold leads no longer; until another does, nobody does."""

import json
from dataclasses import asdict, dataclass, replace

import pandas as pd

from models.evaluation.verdicts import ProofVerdict
from models.registry.registry import CHAMPION, RegistryUnavailable, demote
from models.registry.types import REJUDGED_PREFIX
from pipelines.config.registry_address import get_registry
from pipelines.config.run_context import RunContext
from pipelines.data.checked_export import CheckedExport
from pipelines.lifecycle.champion import Champion
from pipelines.lifecycle.champion_cache import forget_champion
from pipelines.lifecycle.training_log import (
    TrainingRecord,
    collect_proof_figures,
    read_last_training,
    read_record,
)
from pipelines.runtime.prefect_tasks import coarse_task
from publications.filesystem.durable_files import replace_durably
from publications.storage.home import Home
from publications.storage.lock import HomeLock
from publications.wording.formatting import day

FILE = "stepped_down.json"


@dataclass(frozen=True)
class Demotion:
    """The last champion that stepped down, in a file that a person can read."""

    as_of: str
    version: int
    sentence: str
    proof: dict[str, float] | None
    registry_told: bool
    """False where the registry could not be reached: it still calls the version its champion."""
    spec_sha256: str = ""
    """Which version of that number: a new registry counts from one again. Empty: not known."""

    @property
    def at(self) -> pd.Timestamp:
        """The instant of the list at which it stepped down."""
        return pd.Timestamp(self.as_of)


def is_disproven(champion: Champion, again: ProofVerdict | None, home: Home) -> bool:
    """Whether the proof, judged again with the lists since, does not hold.

    The version that was the last to step down and leads all the same was brought back by a person,
    who knew that. One that stands in for the champion has no lead to lose.
    """
    if again is None or again.passed or CHAMPION not in champion.version.aliases:
        return False
    fallen = read_last_demotion(home)
    return fallen is None or not fallen.registry_told or not _is_same_version(fallen, champion)


def _is_same_version(fallen: Demotion, champion: Champion) -> bool:
    version = champion.version
    same = fallen.spec_sha256 in ("", version.spec_sha256)
    return fallen.version == version.version and same


@coarse_task(name="let the champion step down")
def demote_champion(
    champion: Champion,
    again: ProofVerdict,
    checked: CheckedExport,
    context: RunContext,
    lock: HomeLock,
) -> None:
    """Remember why the champion leads no more, with its numbers, and take the lead from it.

    In this order: a run that is killed in between knows why nobody leads. Where the registry cannot
    be reached the next run tries again; this list does without it.
    """
    sentence = (
        f"Version {champion.version.version} does not lead any more: judged again with the lists "
        f"that have matured since its training, its proof does not hold. {again.sentence}"
    )
    figures = collect_proof_figures(again)
    as_of = checked.as_of.isoformat()
    # Beside what its training came to, which is told again should a person bring it back.
    found: dict[str, object] = {"sentence": sentence, "as_of": as_of, **(figures or {})}
    told = {f"{REJUDGED_PREFIX}{name}": value for name, value in found.items()}
    version = champion.version
    fallen = Demotion(as_of, version.version, sentence, figures, False, version.spec_sha256)
    _write_demotion(lock, fallen)
    try:
        demote(get_registry(context), champion.version.version, decision=told)
    except RegistryUnavailable:
        untold = f"{sentence} MLflow could not be told so; the next run tries again."
        _write_demotion(lock, replace(fallen, sentence=untold))
    else:
        forget_champion(lock)
        _write_demotion(lock, replace(fallen, registry_told=True))


def _write_demotion(lock: HomeLock, fallen: Demotion) -> None:
    content = json.dumps(asdict(fallen), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    replace_durably(lock.home.models / FILE, content.encode())


def read_last_demotion(home: Home) -> Demotion | None:
    """The last champion that stepped down; None where none did."""
    return read_record(home.models / FILE, Demotion)


def find_lost_champion(home: Home) -> TrainingRecord | None:
    """The last training, where its model took the lead and did not step down since.

    When nobody leads all the same, MLflow has lost its records, or another store is asked.
    """
    last, fallen = read_last_training(home), read_last_demotion(home)
    if last is None or not last.promoted or (fallen is not None and fallen.at >= last.at):
        return None
    return last


def describe_missing_model(context: RunContext) -> str:
    """Why nobody leads: what the last training came to, or why a champion stepped down since."""
    if (lost := find_lost_champion(context.home)) is not None:
        return (
            f"MLflow knows no version that leads, although version {lost.version} did after the "
            f"training of {day(lost.at)}. Look whether [tracking] in leadgain.toml names the store "
            "that it named then, and whether that is whole; the next `leadgain run` trains anew."
        )
    last, fallen = read_last_training(context.home), read_last_demotion(context.home)
    if fallen is not None and (last is None or fallen.at >= last.at):
        return fallen.sentence
    return (
        "No model has been trained yet; `leadgain train` does it."
        if last is None
        else last.sentence
    )
