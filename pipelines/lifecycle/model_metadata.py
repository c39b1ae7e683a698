"""What travels with a model beside its trees: how it was made, and how it may be used."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import pandas as pd

from features.vocabulary import Vocabulary
from models.monitoring.drift import Reference
from pipelines.config.settings import Settings


@dataclass(frozen=True)
class ModelSettings:
    """What a model's scores and its proof are about: settings as they were when it was trained."""

    policy: str
    every_days: int
    horizon_days: int
    fresh_by: str
    depth: float
    """The share of tier A: where the proof was judged."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What a model would mean that was trained now."""
        lists = settings.lists
        return cls(
            policy=lists.policy,
            every_days=lists.every_days,
            horizon_days=lists.horizon_days,
            fresh_by=settings.freshness.by,
            depth=settings.tiers.A,
        )


@dataclass(frozen=True)
class ModelMetadata:
    """Kept in the model's ``spec.json``; no clock time, so that equal trainings are equal bytes."""

    fingerprint: str
    """Of the settings that decide what the model means; see :func:`compute_fingerprint`."""
    as_of: pd.Timestamp
    """Up to when the export was known to the training."""
    trained_from: pd.Timestamp
    trained_until: pd.Timestamp
    """First and last list that the deployed model learned from."""
    vocabulary: Vocabulary
    cutoffs: Mapping[str, float]
    """Tier -> lowest score, learned on the backtest."""
    verdict: str
    """What the proof said, as a sentence."""
    meaning: ModelSettings | None = None
    """None in a model of an older leadgain, which did not keep it."""
    inputs: Reference | None = None
    """How the inputs were spread at training; None in a model of an older leadgain."""
    proven: bool | None = None
    """Whether the proof passed; None in a model of an older leadgain."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "fingerprint": self.fingerprint,
            "as_of": self.as_of.isoformat(),
            "trained_from": self.trained_from.isoformat(),
            "trained_until": self.trained_until.isoformat(),
            "vocabulary": self.vocabulary.to_dict(),
            "cutoffs": dict(self.cutoffs),
            "verdict": self.verdict,
            "meaning": None if self.meaning is None else asdict(self.meaning),
            "inputs": None if self.inputs is None else self.inputs.to_dict(),
            "proven": self.proven,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The way back from :meth:`to_dict`."""
        return cls(
            fingerprint=content["fingerprint"],
            as_of=pd.Timestamp(content["as_of"]),
            trained_from=pd.Timestamp(content["trained_from"]),
            trained_until=pd.Timestamp(content["trained_until"]),
            vocabulary=Vocabulary.from_dict(content["vocabulary"]),
            cutoffs=content["cutoffs"],
            verdict=content["verdict"],
            meaning=ModelSettings(**content["meaning"]) if content.get("meaning") else None,
            inputs=Reference.from_dict(content["inputs"]) if content.get("inputs") else None,
            proven=content.get("proven"),
        )


COMPARED_SECTIONS = ("leads", "activities", "outcomes", "lists", "freshness", "tiers", "backtest")
"""Sections of leadgain.toml that decide what a score means and what its proof is worth."""


def compute_fingerprint(settings: Settings) -> str:
    """SHA-256 of the settings that make two models comparable; no secret goes into it."""
    content = settings.model_dump(mode="json", include=set(COMPARED_SECTIONS))
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
