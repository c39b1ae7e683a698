"""What a publication tells of the model in force: its training, its backtest, its predecessors."""

import json
from typing import Any

import pandas as pd

from models.reasons import base_score
from models.registry import RegisteredVersion, RegistryUnavailable, versions
from pipelines.champion import Champion
from pipelines.job import Job, in_utc
from pipelines.registries import registry_of

VERSIONS = 20
"""The newest versions that are told; a server may hold hundreds."""


def model_facts(leading: Champion, job: Job) -> bytes:
    """The bytes of model.json; docs/publications.md tells its keys."""
    facts, scorer, meaning = leading.facts, leading.scorer, leading.meaning
    training = leading.proof.training or {"trained_on": [], "left_out": [], "folds": []}
    content = {
        "version": leading.version.version,
        "sha256": leading.version.model_sha256,
        "as_of": in_utc(facts.as_of),
        "trained_from": in_utc(facts.trained_from),
        "trained_until": in_utc(facts.trained_until),
        "horizon_days": meaning.horizon_days,
        "every_days": meaning.every_days,
        "policy": meaning.policy,
        "rows": scorer.rows_,
        "conversions": scorer.conversions_,
        "columns": len(scorer.columns_),
        "base_score": round(base_score(scorer), 9),
        "depth": meaning.depth,
        "verdict": facts.verdict,
        **training,
        "versions": [_version(found, leading) for found in _told(leading, job)],
    }
    return f"{json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)}\n".encode()


def _told(leading: Champion, job: Job) -> list[RegisteredVersion]:
    """The newest versions, and the leading one if it is older than all of them.

    Alone the leading one where the registry is away: the list's warnings tell that.
    """
    try:
        newest = versions(registry_of(job), most=VERSIONS)
    except RegistryUnavailable:
        newest = []
    known = any(found.version == leading.version.version for found in newest)
    return newest if known else [*newest, leading.version]


def _version(found: RegisteredVersion, leading: Champion) -> dict[str, Any]:
    as_of = found.tags.get("as_of")
    return {
        "version": found.version,
        "as_of": None if as_of is None else in_utc(pd.Timestamp(as_of)),
        "gain_at_30": _rounded(found.metrics.get("gain_model_at_30")),
        "most_fresh_at_30": _rounded(found.metrics.get("gain_most_fresh_at_30")),
        "leads": found.version == leading.version.version,
        "decision": found.decided,
    }


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 9)
