"""Every error of ours has an exit code and a message of its own."""

import pytest

import crm.errors
import models.errors
import models.registry.types
import pipelines.runtime.environment
import publications.filesystem.durable_files
import publications.storage.lock
import publications.storage.store
from pipelines.runtime.exit_codes import describe_error, find_exit_code
from publications.wording.formatting import percent

MODULES = (
    crm.errors,
    models.errors,
    models.registry.types,
    pipelines.runtime.environment,
    publications.filesystem.durable_files,
    publications.storage.lock,
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


def list_own_errors() -> list[type[Exception]]:
    """All exception classes that the packages define."""
    return [
        found
        for module in MODULES
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Exception)
        if found.__module__ == module.__name__
    ]


def test_every_error_of_ours_has_an_exit_code():
    assert sorted(error.__name__ for error in list_own_errors()) == sorted(CODES)


@pytest.mark.parametrize("error", list_own_errors(), ids=lambda error: error.__name__)
def test_an_error_of_ours_speaks_for_itself(error):
    refusal = error("Nothing was published. Export the leads again.")
    assert find_exit_code(refusal) == CODES[error.__name__]
    assert describe_error(refusal) == "Nothing was published. Export the leads again."


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), OSError(28, "No space")])
def test_any_other_error_is_our_fault(error):
    assert find_exit_code(error) == 1
    message = describe_error(error)
    assert message.startswith(f"Internal error ({type(error).__name__}")
    assert "--debug" in message


def test_an_internal_error_is_located_in_our_code():
    with pytest.raises(TypeError) as raised:
        percent("half")
    assert "(TypeError at publications/wording/formatting.py:" in describe_error(raised.value)
