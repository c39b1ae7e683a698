"""The leads that come with leadgain."""

from pathlib import Path

from crm.errors import ConfigurationError

SAMPLE_FOLDERS = (
    Path(__file__).parent / "demo_data" / "loan_applications",
    Path(__file__).parents[2] / "data" / "loan_applications",
)
"""In an installed package, and in a clone of the repository."""


def find_demo_config() -> Path:
    """The shipped leadgain.toml.

    Raises
    ------
    ConfigurationError
        This installation came without the sample data.
    """
    for place in SAMPLE_FOLDERS:
        if (place / "leadgain.toml").exists():
            return place / "leadgain.toml"
    raise ConfigurationError(
        "This installation has no sample data. Run the demo from a clone of the repository."
    )
