import pandas as pd

LEADS = "lead_id,created_at\na,2024-01-01\nb,2024-01-01\nc,2024-01-01\nd,2024-01-01\n"
HEADER = "lead_id,converted_at,closed_at\n"


def stamp(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def test_outcomes_kept_apart_are_joined_to_their_leads(read) -> None:
    export = read(LEADS, outcomes=HEADER + "c,2024-02-01,\na,,2024-03-01\n")
    assert export.leads["converted_at"].tolist() == [*[pd.NaT] * 2, stamp("2024-02-01"), pd.NaT]
    assert export.leads["closed_at"].tolist() == [stamp("2024-03-01"), *[pd.NaT] * 3]
    assert export.counts.values.tolist() == [["leads", 4, 4, 0, 0], ["outcomes", 2, 2, 0, 0]]


def test_a_table_of_wins_only_needs_no_closing_date(read) -> None:
    export = read(
        LEADS,
        outcomes="mql_id,won_date\na,2024-02-01\n",
        outcomes_toml={"lead_id": "mql_id", "converted_at": "won_date", "closed_at": ""},
    )
    assert export.leads["converted_at"].notna().tolist() == [True, False, False, False]


def test_outcomes_of_unknown_leads_are_set_aside(read, set_aside) -> None:
    export = read(LEADS, outcomes=HEADER + "x,2024-02-01,\na,2024-02-01,\n")
    assert set_aside(export, "outcomes") == [(2, "lead_id", "unknown_lead")]


def test_a_lead_whose_outcome_cannot_be_trusted_is_set_aside_itself(read, set_aside) -> None:
    export = read(LEADS, outcomes=HEADER + "a,soon,\nb,2024-02-01,\nb,2024-02-02,\nc,2024-02-01,\n")
    assert set_aside(export, "outcomes") == [
        (2, "converted_at", "converted_at_is_no_date"),
        (3, "lead_id", "conflicting_id"),
        (4, "lead_id", "conflicting_id"),
    ]
    assert set_aside(export, "leads") == [
        (2, "lead_id", "outcome_set_aside"),
        (3, "lead_id", "outcome_set_aside"),
    ]
    assert export.leads["lead_id"].tolist() == ["c", "d"]


def test_the_outcome_of_a_lead_that_was_set_aside_is_left_out(read, found) -> None:
    export = read(
        "lead_id,created_at\na,never\nb,2024-01-01\n",
        outcomes=HEADER + "a,2024-02-01,\nb,2024-02-01,\n",
    )
    assert export.counts.loc[1].tolist() == ["outcomes", 2, 1, 0, 1]
    assert found(export, "outcomes") == {"lead_set_aside": 1}


def test_an_outcome_before_its_lead_sets_the_lead_aside(read, set_aside) -> None:
    export = read(LEADS, outcomes=HEADER + "a,2023-02-01,\n")
    assert set_aside(export) == [(2, "converted_at", "converted_at_before_created_at")]


def test_an_outcome_that_comes_twice_alike_counts_once(read) -> None:
    export = read(LEADS, outcomes=HEADER + "a,2024-02-01,\na,2024-02-01,\n" + HEADER)
    assert export.counts.loc[1].tolist() == ["outcomes", 3, 1, 0, 2]


def test_an_outcome_in_the_future_is_set_aside_with_its_lead(read, set_aside) -> None:
    export = read(LEADS, outcomes=HEADER + "a,2030-02-01,\n")
    assert set_aside(export, "outcomes") == [(2, "converted_at", "converted_at_in_the_future")]
    assert "a" not in export.leads["lead_id"].tolist()


def test_flags_of_the_leads_are_not_used_and_that_is_told(read, found) -> None:
    export = read(
        "lead_id,created_at\na,2024-01-01\n",
        outcomes=HEADER + "a,2024-02-01,\n",
        leads_toml={"converted_when": {"stage": ["Won"]}},
    )
    assert export.leads["converted_at"].notna().tolist() == [True]
    assert found(export) == {"flags_not_used": 0}
