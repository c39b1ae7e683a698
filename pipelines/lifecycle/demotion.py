"""Demote a champion that fails its proof when judged again."""

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
    """Whether the champion fails its proof, judged again with the lists since its training.

    False for the version that was demoted last: as champion it was restored by a person, who
    knew that.
    """
    if rejudged is None or rejudged.passed:
        return False
    last = context.last_demotion
    is_restored = (
        last is not None
        and last.registry_updated
        and (last.version, last.spec_sha256) == (champion.number, champion.version.spec_sha256)
    )
    return not is_restored


@coarse_task(name="demote the champion")
def demote_champion(champion: LoadedVersion, rejudged: ProofVerdict, context: RunContext) -> None:
    """Record why the champion is demoted, with its numbers, then demote it in the registry.

    In this order: a run that is killed in between knows why there is no champion. Where the
    registry cannot be reached, or has another champion that is damaged, the next run tries again.
    """
    sentence = (
        f"Version {champion.number} was demoted: judged again with the outcomes known since its "
        f"training, it fails its proof. {rejudged.sentence}"
    )
    figures, as_of = collect_proof_figures(rejudged), format_instant(context.list_as_of)
    # Kept apart from the training's decision, which counts again after a rollback to this version.
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
        unsent = f"{sentence} MLflow could not be updated; the next run tries again."
        context.record_demotion(replace(pending, sentence=unsent))
    else:
        forget_champions(context.lock)
        context.record_demotion(replace(pending, registry_updated=True))


def find_lost_champion(context: RunContext) -> TrainingRecord | None:
    """The last training, where its model became champion and was not demoted since.

    If there is still no champion, MLflow has lost its records, or [tracking] names another store.
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
            f"MLflow has no champion, although version {lost.version} was promoted after the "
            f"training of {day(lost.at)}. Check that [tracking] in leadgain.toml still names the "
            "same store and that the store is complete. The next `leadgain run` trains again."
        )
    last, demoted = context.last_training, context.last_demotion
    if demoted is not None and (last is None or demoted.at >= last.at):
        return demoted.sentence
    return (
        "No model has been trained yet; `leadgain train` does it."
        if last is None
        else last.sentence
    )
