"""The examples in the docstrings; Streamlit's scripts cannot be collected like modules."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "dashboard.access.access_rules",
        "dashboard.access.app_settings",
        "dashboard.components.list_age",
        "dashboard.components.page_elements",
        "dashboard.server.serve",
    ],
)
def test_the_examples_hold(name: str) -> None:
    found = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 0
    assert found.failed == 0
