"""Take a champion whose proof no longer holds out of use."""

from dataclasses import replace

from models.evaluation.verdicts import ProofVerdict
from models.registry.registry import CHAMPION, RegistryUnavailable, demote
from models.registry.types import REJUDGED_PREFIX
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.champion_cache import forget_champions
from pipelines.lifecycle.run_context import RunContext
from pipelines.lifecycle.training_log import Demotion, TrainingRecord, collect_proof_figures
from pipelines.runtime.prefect_tasks import coarse_task
from publications.filesystem.json_files import format_instant
from publications.wording.formatting import day


def is_disproven(
    champion: LoadedVersion, rejudged: ProofVerdict | None, context: RunContext
) -> bool:
    """Whether the proof, judged again with the lists since, does not hold.

    The version that was demoted last and is champion all the same was brought back by a person,
    who knew that.
    """
    if rejudged is None or rejudged.passed:
        return False
    last = context.last_demotion
    is_brought_back = (
        last is not None
        and last.registry_updated
        and (last.version, last.spec_sha256) == (champion.number, champion.version.spec_sha256)
    )
    return not is_brought_back


@coarse_task(name="demote the champion")
def demote_champion(champion: LoadedVersion, rejudged: ProofVerdict, context: RunContext) -> None:
    """Record why the champion is demoted, with its numbers, then demote it in the registry.

    In this order: a run that is killed in between knows why there is no champion. Where the
    registry cannot be reached, or has another champion that is damaged, the next run tries again.
    """
    sentence = (
        f"Version {champion.number} was demoted: judged again with the lists that have matured "
        f"since its training, its proof does not hold. {rejudged.sentence}"
    )
    figures, as_of = collect_proof_figures(rejudged), format_instant(context.list_as_of)
    # Beside what its training decided, which counts again if a person brings it back.
    decision: dict[str, object] = {"sentence": sentence, "list_as_of": as_of, **(figures or {})}
    tags = {f"{REJUDGED_PREFIX}{name}": value for name, value in decision.items()}
    pending = Demotion(
        as_of, champion.number, sentence, figures, False, champion.version.spec_sha256
    )
    context.record_demotion(pending)
    context.set_champion(None)
    if CHAMPION not in champion.version.aliases:
        return
    try:
        demote(context.registry, champion.number, decision=tags)
    except RegistryUnavailable:
        untold = f"{sentence} MLflow could not be updated; the next run tries again."
        context.record_demotion(replace(pending, sentence=untold))
    else:
        forget_champions(context.lock)
        context.record_demotion(replace(pending, registry_updated=True))


def find_lost_champion(context: RunContext) -> TrainingRecord | None:
    """The last training, where its model became champion and was not demoted since.

    When there is no champion all the same, MLflow has lost its records, or another store is asked.
    """
    last, demoted = context.last_training, context.last_demotion
    if last is None or not last.promoted or (demoted is not None and demoted.at >= last.at):
        return None
    return last


def describe_missing_model(context: RunContext) -> str:
    """Why no model ranks the list: no usable file, the last training, or a demotion since."""
    if context.no_champion_reason:
        return context.no_champion_reason
    if (lost := find_lost_champion(context)) is not None:
        return (
            f"MLflow has no champion, although version {lost.version} became it after the training "
            f"of {day(lost.at)}. Check whether [tracking] in leadgain.toml names the same store as "
            "then, and whether that is complete; the next `leadgain run` trains anew."
        )
    last, demoted = context.last_training, context.last_demotion
    if demoted is not None and (last is None or demoted.at >= last.at):
        return demoted.sentence
    return (
        "No model has been trained yet; `leadgain train` does it."
        if last is None
        else last.sentence
    )
