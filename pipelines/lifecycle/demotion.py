"""A champion whose proof has ceased to hold leads no longer; until another does, nobody does."""

import json
from dataclasses import asdict, dataclass, replace

import pandas as pd

from models.evaluation.verdicts import Proof
from models.registry.registry import CHAMPION, RegistryUnavailable, step_down
from models.registry.types import JUDGED_AGAIN
from pipelines.config.registry_address import registry_of
from pipelines.config.run_context import Job
from pipelines.data.checked_export import CheckedExport
from pipelines.lifecycle.champion import Champion
from pipelines.lifecycle.champion_cache import forget_champion
from pipelines.lifecycle.training_log import Decision, last_decision, proof_figures, remembered
from pipelines.runtime.prefect_tasks import coarse_task
from publications.filesystem.durable_files import replace_lasting
from publications.storage.home import Home
from publications.storage.lock import Hold
from publications.wording.formatting import day

FILE = "stepped_down.json"


@dataclass(frozen=True)
class SteppedDown:
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


def is_disproven(leading: Champion, again: Proof | None, home: Home) -> bool:
    """Whether the proof, judged again with the lists since, does not hold.

    The version that was the last to step down and leads all the same was brought back by a person,
    who knew that. One that stands in for the champion has no lead to lose.
    """
    if again is None or again.passed or CHAMPION not in leading.version.aliases:
        return False
    fallen = last_step_down(home)
    return fallen is None or not fallen.registry_told or not _is_of(fallen, leading)


def _is_of(fallen: SteppedDown, leading: Champion) -> bool:
    version = leading.version
    same = fallen.spec_sha256 in ("", version.spec_sha256)
    return fallen.version == version.version and same


@coarse_task(name="let the champion step down")
def let_step_down(
    leading: Champion, again: Proof, checked: CheckedExport, job: Job, held: Hold
) -> None:
    """Remember why the champion leads no more, with its numbers, and take the lead from it.

    In this order: a run that is killed in between knows why nobody leads. Where the registry cannot
    be reached the next run tries again; this list does without it.
    """
    sentence = (
        f"Version {leading.version.version} does not lead any more: judged again with the lists "
        f"that have matured since its training, its proof does not hold. {again.sentence}"
    )
    figures = proof_figures(again)
    as_of = checked.as_of.isoformat()
    # Beside what its training came to, which is told again should a person bring it back.
    found: dict[str, object] = {"sentence": sentence, "as_of": as_of, **(figures or {})}
    told = {f"{JUDGED_AGAIN}{name}": value for name, value in found.items()}
    version = leading.version
    fallen = SteppedDown(as_of, version.version, sentence, figures, False, version.spec_sha256)
    _remember(held, fallen)
    try:
        step_down(registry_of(job), leading.version.version, decision=told)
    except RegistryUnavailable:
        untold = f"{sentence} MLflow could not be told so; the next run tries again."
        _remember(held, replace(fallen, sentence=untold))
    else:
        forget_champion(held)
        _remember(held, replace(fallen, registry_told=True))


def _remember(held: Hold, fallen: SteppedDown) -> None:
    content = json.dumps(asdict(fallen), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    replace_lasting(held.home.models / FILE, content.encode())


def last_step_down(home: Home) -> SteppedDown | None:
    """The last champion that stepped down; None where none did."""
    return remembered(home.models / FILE, SteppedDown)


def lost_lead(home: Home) -> Decision | None:
    """The last training, where its model took the lead and did not step down since.

    When nobody leads all the same, MLflow has lost its records, or another store is asked.
    """
    last, fallen = last_decision(home), last_step_down(home)
    if last is None or not last.promoted or (fallen is not None and fallen.at >= last.at):
        return None
    return last


def why_no_model(job: Job) -> str:
    """Why nobody leads: what the last training came to, or why a champion stepped down since."""
    if (lost := lost_lead(job.home)) is not None:
        return (
            f"MLflow knows no version that leads, although version {lost.version} did after the "
            f"training of {day(lost.at)}. Look whether [tracking] in leadgain.toml names the store "
            "that it named then, and whether that is whole; the next `leadgain run` trains anew."
        )
    last, fallen = last_decision(job.home), last_step_down(job.home)
    if fallen is not None and (last is None or fallen.at >= last.at):
        return fallen.sentence
    return (
        "No model has been trained yet; `leadgain train` does it."
        if last is None
        else last.sentence
    )
