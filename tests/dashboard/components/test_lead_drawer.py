"""One lead in the drawer: its neighbours, and what is missing."""

import pandas as pd
import pytest

from publications.storage.home import Home
from tests.dashboard.made_up_publications import (
    owned_worklist,
    publish_made_up,
    read_page_text,
    run_worklist,
)

pytestmark = pytest.mark.filterwarnings("ignore:Series.values:DeprecationWarning")


def find_enabled_buttons(lead: str, **more: list[str]) -> dict[str, bool]:
    """Which of the two buttons can be pressed."""
    at = run_worklist(lead=lead, **more)
    ways = ("Previous lead", "Next lead")
    return {button.label: not button.disabled for button in at.button if button.label in ways}


def test_the_first_lead_has_none_before_it_and_the_last_none_behind(home: Home) -> None:
    publish_made_up(home)
    assert find_enabled_buttons("170000") == {"Previous lead": False, "Next lead": True}
    assert find_enabled_buttons("170029") == {"Previous lead": True, "Next lead": False}
    assert find_enabled_buttons("170010") == {"Previous lead": True, "Next lead": True}


def test_a_lead_outside_the_filters_still_has_matching_neighbours(home: Home) -> None:
    """A link may name any lead: 170004 is ben's, the filter asks for ann's."""
    publish_made_up(home)
    at = run_worklist(lead="170004", owner=["ann"])
    next(button for button in at.button if button.label == "Previous lead").click().run()
    assert at.query_params["lead"] == "170003"


def test_without_a_model_a_lead_has_a_rank_and_no_score(home: Home) -> None:
    publish_made_up(home, model=False)
    at = run_worklist(lead="170002")
    assert [metric.label for metric in at.metric] == ["Rank", "Tier"]
    assert "nan" not in read_page_text(at)


def test_what_is_known_is_written_for_people(home: Home) -> None:
    leads = owned_worklist().assign(amount_requested=15000.0)
    publish_made_up(home, worklist=leads)
    known = run_worklist(lead="170000").table[-1].value.to_csv()
    for words in ('Amount requested,"15,000"', "Newsletter,yes", "Source,web", "Owner,ann"):
        assert words in known.replace("\\", "")


@pytest.mark.parametrize(("answer", "shown"), [(True, "yes"), (False, "no"), (None, "")])
def test_a_yes_or_no_that_some_leads_lack_is_shown_where_it_is_known(
    answer: bool | None, shown: str, home: Home
) -> None:
    answers = pd.Series([answer, *[True] * 28, None], dtype="boolean")
    publish_made_up(home, worklist=owned_worklist().assign(newsletter=answers))
    known = run_worklist(lead="170000").table[-1].value.to_csv()
    assert ("Newsletter" in known) == bool(shown)
    assert not shown or f"Newsletter,{shown}" in known


def test_what_is_not_known_has_no_row(home: Home) -> None:
    """Every fifth lead has no source."""
    publish_made_up(home)
    known = run_worklist(lead="170004").table[-1].value.to_csv()
    assert "Source" not in known
    assert "Newsletter" in known
