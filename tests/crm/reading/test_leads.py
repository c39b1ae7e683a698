import pandas as pd
import pytest
from pydantic import ValidationError

from crm.errors import DataRefused

HEADER = "lead_id,created_at,converted_at,closed_at\n"


def stamp(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def test_leads_are_sorted_by_id_and_typed_by_the_contract(read) -> None:
    export = read(HEADER + "b,2024-01-02,,\na,2024-01-01,2024-02-01,\n")
    assert {name: str(kind) for name, kind in export.leads.dtypes.items()} == {
        "lead_id": "str",
        "created_at": "datetime64[us, UTC]",
        "converted_at": "datetime64[us, UTC]",
        "closed_at": "datetime64[us, UTC]",
        "owner_id": "str",
    }
    assert export.leads["lead_id"].tolist() == ["a", "b"]
    assert export.leads["converted_at"].tolist() == [stamp("2024-02-01"), pd.NaT]
    assert export.leads["owner_id"].isna().all()


def test_profile_columns_have_the_types_of_their_kinds(read) -> None:
    export = read(
        "lead_id,created_at,converted_at,source,amount,opted_in,birthday_sent,Work Email\n"
        "a,2024-01-01,,web,5,yes,2024-01-01,a@example.com\n"
        "b,2024-01-01,,,n/a,no,,b@example.com\n",
        leads_toml={"profile": ["source", "amount", "opted_in", "birthday_sent", "Work Email"]},
    )
    assert {c.name: c.kind for c in export.profile} == {
        "source": "category",
        "amount": "number",
        "opted_in": "yes_no",
        "birthday_sent": "date",
        "Work Email": "display",
    }
    dtypes = [str(kind) for kind in export.leads.dtypes[5:]]
    assert dtypes == ["str", "float64", "boolean", "datetime64[us, UTC]", "str"]
    assert export.leads.loc[1, ["source", "amount", "birthday_sent"]].isna().all()
    assert export.leads["opted_in"].tolist() == [True, False]


def test_bad_dates_are_set_aside_with_line_and_column(read, set_aside) -> None:
    export = read(
        "id,Created,won,lost\na,2024-01-01,,\nb,31/12/2023,,\nc,44927,,\nd,2024-02-30,,\ne,,,\n"
        "f,2024-01-01,soon,\ng,2024-01-01,,later\nh,1950-01-01,,\n",
        leads_toml={
            "lead_id": "id",
            "created_at": "Created",
            "converted_at": "won",
            "closed_at": "lost",
        },
    )
    assert set_aside(export) == [
        (3, "Created", "created_at_is_no_date"),
        (4, "Created", "created_at_is_a_number"),
        (5, "Created", "created_at_is_no_date"),
        (6, "Created", "created_at_is_missing"),
        (7, "won", "converted_at_is_no_date"),
        (8, "lost", "closed_at_is_no_date"),
        (9, "Created", "created_at_out_of_range"),
    ]
    assert export.leads["lead_id"].tolist() == ["a"]


def test_the_quarantine_names_file_and_reason_and_holds_no_cell(read) -> None:
    export = read(HEADER + "a,2024-01-01,,\nb,secret@example.com,,\n")
    (row,) = export.quarantine.to_dict("records")
    assert row == {
        "table": "leads",
        "file": "leads.csv",
        "line": 3,
        "column": "created_at",
        "rule": "created_at_is_no_date",
        "reason": "created_at is not a date in ISO 8601 or since 1970, or that day does not exist",
    }
    assert str(export.quarantine["line"].dtype) == "Int64"


def test_a_lead_created_over_an_hour_ahead_is_set_aside(read, set_aside) -> None:
    export = read(HEADER + "a,2024-06-01T01:00:00Z,,\nb,2024-06-01T01:00:01Z,,\n")
    assert set_aside(export) == [(3, "created_at", "created_at_in_the_future")]
    assert export.last_instant == stamp("2024-06-01 01:00")


def test_an_outcome_in_the_future_is_set_aside(read, set_aside) -> None:
    export = read(HEADER + "a,2024-01-01,,\nb,2024-01-01,2025-01-01,\nc,2024-01-01,,2025-01-01\n")
    assert [rule for _, _, rule in set_aside(export)] == [
        "converted_at_in_the_future",
        "closed_at_in_the_future",
    ]


def test_an_outcome_before_its_lead_is_set_aside(read, set_aside) -> None:
    export = read(
        HEADER + "a,2024-01-03T10:00Z,2024-01-02T10:00Z,\nb,2024-01-03T10:00Z,,2024-01-03T09:00Z\n"
        "c,2024-01-03T10:00Z,,\n"
    )
    assert set_aside(export) == [
        (2, "converted_at", "converted_at_before_created_at"),
        (3, "closed_at", "closed_at_before_created_at"),
    ]


def test_a_mere_date_on_the_day_of_creation_is_no_contradiction(read, found) -> None:
    export = read(HEADER + "a,2024-01-03T10:00Z,2024-01-03,\nb,2024-01-03T10:00Z,,2024-01-02\n")
    assert export.leads["converted_at"].tolist() == [stamp("2024-01-03 10:00")]
    assert found(export)["outcome_on_day_of_creation"] == 1


def test_an_empty_id_is_set_aside_and_a_padded_one_repaired(read, set_aside, found) -> None:
    export = read(HEADER + " a\u00a0,2024-01-01,,\n,2024-01-01,,\nnull,2024-01-01,,\n")
    assert set_aside(export) == [(3, "lead_id", "empty_id"), (4, "lead_id", "empty_id")]
    assert export.leads["lead_id"].tolist() == ["a"]
    assert found(export) == {"padded_id": 1}


def test_ids_keep_their_case_and_zeros(read) -> None:
    export = read(HEADER + "0011G,2024-01-01,,\n0011g,2024-01-01,,\n007,2024-01-01,,\n")
    assert export.leads["lead_id"].tolist() == ["0011G", "0011g", "007"]


def test_exact_duplicates_are_left_out_and_counted(read, found) -> None:
    export = read(HEADER + "a,2024-01-01,,\nb,2024-01-01,,\na,2024-01-01,,\na,2024-01-01,,\n")
    assert export.counts.loc[0].tolist() == ["leads", 4, 2, 0, 2]
    assert found(export) == {"exact_duplicate": 2}


def test_one_id_with_different_content_sets_all_its_rows_aside(read, set_aside) -> None:
    export = read(HEADER + "a,2024-01-01,,\na,2024-01-02,,\nb,2024-01-01,,\na,2024-01-01,,\n")
    assert set_aside(export) == [(2, "lead_id", "conflicting_id"), (3, "lead_id", "conflicting_id")]
    assert export.counts.loc[0].tolist() == ["leads", 4, 1, 2, 1]


def test_rows_that_differ_in_a_column_that_is_not_read_are_no_duplicates(read, set_aside) -> None:
    text = "lead_id,created_at,note\na,2024-01-01,x\na,2024-01-01,y\nb,2024-01-01,\n"
    text = text.replace("created_at,", "created_at,converted_at,").replace("01,", "01,,")
    assert [rule for _, _, rule in set_aside(read(text))] == ["conflicting_id", "conflicting_id"]


def test_a_header_repeated_inside_the_file_is_left_out(read, found) -> None:
    export = read(HEADER + "a,2024-01-01,,\n" + HEADER + "b,2024-01-01,,\n" + HEADER)
    assert export.counts.loc[0].tolist() == ["leads", 4, 2, 0, 2]
    assert found(export) == {"repeated_header": 2}


def test_sentinel_dates_are_missing(read, found, set_aside) -> None:
    export = read(HEADER + "a,2024-01-01,,9999-12-31\nb,1900-01-01,,\n")
    assert export.leads["closed_at"].isna().all()
    assert found(export) == {"sentinel_date": 1}  # one in each column
    assert set_aside(export) == [(3, "created_at", "created_at_is_missing")]


def test_an_epoch_is_read_by_its_magnitude_and_the_rarer_unit_set_aside(
    read, found, set_aside
) -> None:
    export = read(HEADER + "a,1704067200000,,\nb,1704067200000,,\nc,1704067200,,\n")
    assert export.leads["created_at"].tolist() == [stamp("2024-01-01")] * 2
    assert set_aside(export) == [(4, "created_at", "created_at_mixed_units")]


def test_naive_time_stamps_are_read_in_the_configured_zone_with_a_warning(read) -> None:
    export = read(HEADER + "a,2024-07-01 12:00,,\n", timezone="Europe/Amsterdam", now=stamp("2025"))
    assert export.leads["created_at"].tolist() == [stamp("2024-07-01 10:00")]
    (finding,) = export.findings
    assert (finding.rule, finding.severity, finding.rows) == ("naive_instant", "warning", 1)
    assert "were read in Europe/Amsterdam" in finding.message


def test_hours_that_the_clocks_skipped_and_repeated_are_counted(read, found) -> None:
    export = read(
        HEADER + "a,2024-03-31 02:30,,\nb,2023-10-29 02:30,,\nc,2023-10-29 12:30,,\n",
        timezone="Europe/Amsterdam",
    )
    assert found(export) == {"naive_instant": 3, "skipped_hour": 1, "repeated_hour": 1}


FLAGGED = "lead_id,created_at,stage,close_date\n"
FLAGS = {
    "converted_at": "close_date",
    "closed_at": "close_date",
    "converted_when": {"stage": ["Won"]},
    "closed_when": {"stage": ["Lost"]},
}


def test_one_date_column_belongs_to_whichever_flag_holds(read) -> None:
    export = read(
        FLAGGED + "a,2024-01-01,Won,2024-02-01\nb,2024-01-01,lost,2024-03-01\n"
        "c,2024-01-01,Open,2025-01-01\nd,2024-01-01,Open,\n",
        leads_toml=FLAGS,
    )
    assert export.leads["converted_at"].tolist() == [stamp("2024-02-01"), pd.NaT, pd.NaT, pd.NaT]
    assert export.leads["closed_at"].tolist() == [pd.NaT, stamp("2024-03-01"), pd.NaT, pd.NaT]


def test_a_flag_without_a_date_is_set_aside(read, set_aside) -> None:
    export = read(
        FLAGGED + "a,2024-01-01,Won,\nb,2024-01-01,Lost,\nc,2024-01-01,Open,\n", leads_toml=FLAGS
    )
    assert set_aside(export) == [
        (2, "close_date", "converted_without_a_date"),
        (3, "close_date", "closed_without_a_date"),
    ]


def test_a_date_without_its_flag_is_set_aside_if_it_dates_one_outcome_only(read, set_aside) -> None:
    export = read(
        "lead_id,created_at,won,won_on,lost_on\n"
        "a,2024-01-01,yes,2024-02-01,2024-02-01\nb,2024-01-01,no,2024-02-01,\n"
        "c,2024-01-01,no,,2024-02-01\n",
        leads_toml={
            "converted_at": "won_on",
            "closed_at": "lost_on",
            "converted_when": {"won": ["yes"]},
        },
    )
    assert set_aside(export) == [(3, "won_on", "converted_at_without_its_flag")]
    assert export.leads["closed_at"].tolist() == [stamp("2024-02-01")] * 2


def test_a_date_that_most_leads_have_counts_only_where_its_flag_holds(
    read, set_aside, found
) -> None:
    """Salesforce keeps no date of a disqualification, only that of the last change."""
    statuses = ["Unqualified"] * 10 + ["Open"] * 20
    rows = [f"{i:02},2024-01-01,,{status},2024-03-01" for i, status in enumerate(statuses)]
    mapping = {"closed_at": "changed", "closed_when": {"Status": ["Unqualified"]}}
    export = read(
        "\n".join(["lead_id,created_at,converted_at,Status,changed", *rows]), leads_toml=mapping
    )
    assert set_aside(export) == []
    assert export.leads["closed_at"].notna().tolist() == [True] * 10 + [False] * 20
    assert "dated_anyway" in found(export)


def test_one_column_may_date_the_creation_and_the_outcome(read) -> None:
    export = read(
        "lead_id,call_date,y\na,2024-01-01,yes\nb,2024-01-02,no\n",
        leads_toml={
            "created_at": "call_date",
            "converted_at": "call_date",
            "closed_at": "",
            "converted_when": {"y": ["yes"]},
        },
    )
    assert export.leads["converted_at"].tolist() == [stamp("2024-01-01"), pd.NaT]


def test_a_flag_over_several_columns_holds_where_all_of_them_do(read) -> None:
    export = read(
        "lead_id,created_at,closed,won,date\na,2024-01-01,TRUE,TRUE,2024-02-01\n"
        "b,2024-01-01,TRUE,FALSE,2024-02-01\nc,2024-01-01,FALSE,FALSE,\n",
        leads_toml={
            "converted_at": "date",
            "closed_at": "date",
            "converted_when": {"closed": ["true"], "won": ["true"]},
            "closed_when": {"closed": ["true"], "won": ["false"]},
        },
    )
    assert export.leads["converted_at"].notna().tolist() == [True, False, False]
    assert export.leads["closed_at"].notna().tolist() == [False, True, False]


def test_flags_that_contradict_each_other_set_the_row_aside(read, set_aside) -> None:
    export = read(
        "lead_id,created_at,won,lost,date\na,2024-01-01,1,1,2024-02-01\nb,2024-01-01,0,0,\n",
        leads_toml={
            "converted_at": "date",
            "closed_at": "date",
            "converted_when": {"won": ["1"]},
            "closed_when": {"lost": ["1"]},
        },
    )
    assert set_aside(export) == [(2, "date", "contradicting_flags")]


def test_a_flag_that_never_holds_is_a_warning(read) -> None:
    export = read(FLAGGED + "a,2024-01-01,Gewonnen,\n", leads_toml=FLAGS)
    assert [f.severity for f in export.findings if f.rule == "flag_never_holds"] == ["warning"] * 2


def test_a_declared_kind_rules_and_odd_cells_are_set_aside(read, set_aside) -> None:
    export = read(
        "lead_id,created_at,converted_at,amount,vip,since\na,2024-01-01,,5,yes,2020-01-01\n"
        "b,2024-01-01,,five,no,\nc,2024-01-01,,,perhaps,\nd,2024-01-01,,NA,,then\n",
        leads_toml={"profile": {"amount": "number", "vip": "yes_no", "since": "date"}},
    )
    assert set_aside(export) == [
        (3, "amount", "is_not_number"),
        (4, "vip", "is_not_yes_no"),
        (5, "since", "is_not_date"),
    ]


def test_numbers_without_end_are_missing_and_counted(read, found) -> None:
    cells = ["inf", "1e400", "nan", "-5", "1e12"]
    rows = "".join(f"{i},2024-01-01,,{cell}\n" for i, cell in enumerate(cells))
    export = read(
        "lead_id,created_at,converted_at,amount\n" + rows, leads_toml={"profile": ["amount"]}
    )
    assert export.leads["amount"].isna().tolist() == [True, True, True, False, False]
    assert export.leads["amount"][3:].tolist() == [-5.0, 1e12]
    assert found(export)["not_finite"] == 2


def test_no_lead_in_the_file_is_refused(read) -> None:
    with pytest.raises(DataRefused, match=r"leads\.csv has a header and no lead"):
        read(HEADER)


def test_leads_none_of_which_can_be_used_are_refused_with_the_commonest_reason(read) -> None:
    with pytest.raises(
        DataRefused,
        match=r"none of 2 leads.* first on line 2: created_at is not a date.*like 2024-12-31",
    ):
        read(HEADER + "a,01.02.2024,,\nb,01.02.2024,,\n")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"converted_at": "d", "closed_at": "d"}, "both name 'd'"),
        ({"converted_at": "d", "created_at": "d"}, "both name 'd'"),
        ({"converted_when": {"x": ["1"]}, "converted_at": ""}, "needs a column with its date"),
        ({"profile": ["x", "x"]}, "profile names 'x' twice"),
        ({"profile": ["converted_at"]}, "gives away the outcome"),
        ({"profile": ["stage"], "converted_when": {"stage": ["Won"]}}, "gives away the outcome"),
        ({"profile": ["lead_id"]}, "reads by another key"),
        ({"encoding": "klingon"}, "is not an encoding"),
    ],
)
def test_a_mapping_that_contradicts_itself_is_refused(read, section: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        read(leads_toml=section)


def test_an_export_may_know_no_outcome_at_all(read) -> None:
    export = read(
        "lead_id,created_at\na,2024-01-01\n", leads_toml={"converted_at": "", "closed_at": ""}
    )
    assert export.leads[["converted_at", "closed_at"]].isna().all(axis=None)


@pytest.mark.parametrize(
    "name",
    ["Lead_ID", "CREATED_AT", 'a "quoted" name', "x'; DROP TABLE raw_leads; --", "{0}", "p0"],
)
def test_a_profile_column_may_be_called_anything_else(read, name: str) -> None:
    cell = name.replace('"', '""')
    export = read(
        f'id,created,won,"{cell}",other\n2,2024-01-01,,b,y\n1,2024-01-02,,a,x\n',
        leads_toml={
            "lead_id": "id",
            "created_at": "created",
            "converted_at": "won",
            "closed_at": "",
            "profile": ["other", name],
        },
    )
    assert export.leads["lead_id"].tolist() == ["1", "2"]
    assert export.leads[name].tolist() == ["a", "b"]
    assert export.leads["other"].tolist() == ["x", "y"]
