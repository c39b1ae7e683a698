"""Every way in which leadgain says no has its exit code and speaks for itself."""

import pytest

import crm.errors
import models.errors
import models.registry.types
import pipelines.runtime.environment
import publications.storage.home
import publications.storage.store
from pipelines.runtime.exit_codes import describe_error, find_exit_code

DOORS = (
    crm.errors,
    models.errors,
    models.registry.types,
    pipelines.runtime.environment,
    publications.storage.home,
    publications.storage.store,
)
CODES = {
    "ConfigurationError": 2,
    "NoSuchVersion": 2,
    "DataRefused": 3,
    "NotEnoughData": 3,
    "Busy": 4,
    "ChampionChanged": 4,
    "ModelDamaged": 1,
    "ModelRefused": 1,
    "RegistryUnavailable": 1,
    "PrefectUnavailable": 1,
    "CannotWrite": 1,
    "PublicationDamaged": 1,
}


def own_errors() -> list[type[Exception]]:
    """All exception classes that the rooms define."""
    return [
        found
        for door in DOORS
        for found in vars(door).values()
        if isinstance(found, type) and issubclass(found, Exception)
        if found.__module__ == door.__name__
    ]


def test_every_error_of_ours_has_an_exit_code():
    assert sorted(error.__name__ for error in own_errors()) == sorted(CODES)


@pytest.mark.parametrize("error", own_errors(), ids=lambda error: error.__name__)
def test_an_error_of_ours_speaks_for_itself(error):
    refusal = error("Nothing was published. Export the leads again.")
    assert find_exit_code(refusal) == CODES[error.__name__]
    assert describe_error(refusal) == "Nothing was published. Export the leads again."


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), OSError(28, "No space")])
def test_any_other_error_is_our_fault(error):
    assert find_exit_code(error) == 1
    told = describe_error(error)
    assert told.startswith(f"This should not have happened ({type(error).__name__}")
    assert "Run the command again with --debug" in told
