"""The two ways in which this room says no."""


class ConfigurationError(ValueError):
    """leadgain.toml, an environment variable or an option is wrong (exit code 2).

    The message is one paragraph: what, where, what was found, what to do.
    """


class DataRefused(ValueError):
    """The export cannot be trusted, so nothing was written (exit code 3).

    The message is one paragraph: what, where (file, line, column), how many, what to do.
    """
