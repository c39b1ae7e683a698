"""The row of filters: which ones a list has, and that their names cannot be taken."""

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.worklist_filters import (
    CATEGORY_PREFIX,
    INLINE_CATEGORIES,
    UNTOUCHED_CHOICES,
)
from publications.storage.home import Home
from tests.dashboard.made_up_publications import (
    owned_worklist,
    publish_made_up,
    run_page,
    run_worklist,
)

pytestmark = pytest.mark.filterwarnings("ignore:Series.values:DeprecationWarning")


def listed(at: AppTest) -> int:
    return len(at.dataframe[0].value) if at.dataframe else 0


def test_a_profile_column_called_like_a_filter_takes_none_away(home: Home) -> None:
    """Ten leads each in tier A, B and C; the column of the same name alternates."""
    odd = pd.Series(["odd" if place % 2 else "even" for place in range(30)], dtype="str")
    publish_made_up(home, worklist=owned_worklist().assign(search=odd, page=odd))
    at = run_worklist(tier=["A"], with_search=["odd"])
    assert listed(at) == 5
    assert at.text_input(key="search").value in ("", None)


def test_more_categories_than_fit_in_the_row_are_one_click_away(home: Home) -> None:
    more = {f"kind_{n}": pd.Series(["x", "y"] * 15, dtype="str") for n in range(4)}
    publish_made_up(home, worklist=owned_worklist().assign(**more))
    at = run_worklist(with_kind_3=["x"])
    keys = {str(box.key) for box in at.multiselect}
    assert {f"{CATEGORY_PREFIX}kind_{n}" for n in range(4)} <= keys
    assert len(keys) > INLINE_CATEGORIES
    assert listed(at) == 15, "one behind the click counts as well"


def test_all_categories_are_cleared_at_once_the_hidden_ones_too(home: Home) -> None:
    more = {f"kind_{n}": pd.Series(["x", "y"] * 15, dtype="str") for n in range(4)}
    publish_made_up(home, worklist=owned_worklist().assign(**more))
    at = run_worklist(with_kind_3=["x"], with_source=["web"], untouched="2 weeks")
    next(button for button in at.button if button.label == "Clear filters").click().run()
    assert listed(at) == 30
    assert not at.query_params


def test_a_list_of_one_owner_asks_for_none(home: Home) -> None:
    one = owned_worklist().assign(owner_id=pd.Series(["ann"] * 30, dtype="str"))
    publish_made_up(home, worklist=one)
    assert not [box for box in run_page("worklist").multiselect if box.key == "owner"]


def test_days_without_a_touch_are_offered_in_growing_steps_each_in_words() -> None:
    assert list(UNTOUCHED_CHOICES) == sorted(UNTOUCHED_CHOICES)
    assert UNTOUCHED_CHOICES[7] == "a week"
    assert len(set(UNTOUCHED_CHOICES.values())) == len(UNTOUCHED_CHOICES)
