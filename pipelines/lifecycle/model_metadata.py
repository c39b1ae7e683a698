"""A model's metadata: how it was trained, and how it may be used."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import pandas as pd

from features.vocabulary import Vocabulary
from models.monitoring.drift import Reference
from pipelines.config.settings import Settings
from publications.filesystem.json_files import format_instant


@dataclass(frozen=True)
class ModelSettings:
    """The settings at training that define what a model's scores and its proof mean."""

    policy: str
    every_days: int
    horizon_days: int
    fresh_by: str
    depth: float
    """The share of tier A: where the proof was judged."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of a model trained now."""
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
    known_until: pd.Timestamp
    """Up to when the export was known to the training."""
    trained_from: pd.Timestamp
    trained_until: pd.Timestamp
    """First and last list that the deployed model learned from."""
    vocabulary: Vocabulary
    cutoffs: Mapping[str, float]
    """Tier -> lowest score, learned on the backtest."""
    verdict: str
    """The verdict on the proof, as a sentence."""
    meaning: ModelSettings
    inputs: Reference
    """The distribution of the inputs at training."""
    proven: bool
    """Whether the proof passed."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "fingerprint": self.fingerprint,
            "known_until": format_instant(self.known_until),
            "trained_from": format_instant(self.trained_from),
            "trained_until": format_instant(self.trained_until),
            "vocabulary": self.vocabulary.to_dict(),
            "cutoffs": dict(self.cutoffs),
            "verdict": self.verdict,
            "meaning": asdict(self.meaning),
            "inputs": self.inputs.to_dict(),
            "proven": self.proven,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_dict`."""
        return cls(
            fingerprint=content["fingerprint"],
            known_until=pd.Timestamp(content["known_until"]),
            trained_from=pd.Timestamp(content["trained_from"]),
            trained_until=pd.Timestamp(content["trained_until"]),
            vocabulary=Vocabulary.from_dict(content["vocabulary"]),
            cutoffs=content["cutoffs"],
            verdict=content["verdict"],
            meaning=ModelSettings(**content["meaning"]),
            inputs=Reference.from_dict(content["inputs"]),
            proven=content["proven"],
        )


COMPARED_SECTIONS = ("leads", "activities", "outcomes", "lists", "freshness", "tiers", "backtest")
"""Sections of leadgain.toml that decide what a score and its proof mean."""


def compute_fingerprint(settings: Settings) -> str:
    """SHA-256 of the settings that make two models comparable; no secret goes into it."""
    content = settings.model_dump(mode="json", include=set(COMPARED_SECTIONS))
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
