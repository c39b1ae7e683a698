"""What travels with a model beside its trees: how it was made, and how it may be used."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from features.vocabulary import Vocabulary
from pipelines.settings import Settings


@dataclass(frozen=True)
class ModelFacts:
    """Kept in the model's ``spec.json``; no clock time, so that equal trainings are equal bytes."""

    fingerprint: str
    """Of the settings that decide what the model means; see :func:`fingerprint`."""
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
        )


MEANING = ("leads", "activities", "outcomes", "lists", "freshness", "tiers", "backtest")
"""Sections of leadgain.toml that decide what a score means and what its proof is worth."""


def fingerprint(settings: Settings) -> str:
    """SHA-256 of the settings that make two models comparable; no secret goes into it."""
    content = settings.model_dump(mode="json", include=set(MEANING))
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
