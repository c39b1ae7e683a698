"""What a look at the model in force has to say: reasons that wear it, and notes beside them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """What is worth knowing of a model though it does not wear it."""

    kind: str
    """What it is about: one of ``publications.watch_words.KINDS``; pages place it by that."""
    sentence: str


@dataclass(frozen=True)
class Reason(Note):
    """Why a model is worn: as a sentence, and in a few words."""

    short: str
    """Goes on from "because"."""

    @property
    def as_note(self) -> Note:
        """The same where it does not wear the model."""
        return Note(self.kind, self.sentence)
