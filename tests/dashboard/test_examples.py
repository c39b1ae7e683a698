"""The examples in this room's docstrings; its scripts cannot be collected like modules."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["access_rules", "app_settings", "list_age", "look", "serve"])
def test_the_examples_hold(name: str) -> None:
    found = doctest.testmod(
        import_module(f"dashboard.{name}"), optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert found.attempted > 0
    assert found.failed == 0
