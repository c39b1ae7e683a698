"""The three ways in which this room says no."""


class NotEnoughData(ValueError):
    """The lists hold too little to train a model or to prove one.

    The message is one paragraph: how many lists, leads or conversions there are, how many are
    needed. The list can still be worked by the team's present order.
    """


class ModelRefused(ValueError):
    """The model and the matrix do not belong together, or the scores are not numbers.

    The message names the columns or counts the rows.
    """


class ModelDamaged(ValueError):
    """A stored model is not the one that was saved, so it was not opened.

    The message names the file and both hashes.
    """
