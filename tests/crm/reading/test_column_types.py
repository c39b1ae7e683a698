import pytest

from crm.contract import ProfileColumn
from crm.reading.column_types import is_personal_header


@pytest.fixture
def kind_of(read):
    """The kind of a column of these cells, and the rules of the findings about it."""

    def kind_of(cells: list[str], name: str = "column", **profile: str) -> tuple[str, list[str]]:
        rows = "".join(f'{i},2024-01-01,,,"{cell}"\n' for i, cell in enumerate(cells))
        export = read(
            f"lead_id,created_at,converted_at,closed_at,{name}\n{rows}",
            leads_toml={"profile": profile or [name]},
        )
        (column,) = export.profile
        assert isinstance(column, ProfileColumn)
        return column.kind, [f.rule for f in export.findings]

    return kind_of


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "", "-3e2"], "number"),
        (["1", "2", "NA"], "number"),
        (["0", "1", "0"], "yes_no"),
        (["0", "0", "0"], "number"),
        (["1", "1"], "number"),
        (["Yes", "no", ""], "yes_no"),
        (["true", "true"], "yes_no"),
        (["2024-01-01", "2024-01-02T10:00:00Z"], "date"),
        (["web", "fair", "web", ""], "category"),
        (["NA", "DE", "NL"], "category"),
        (["01234", "02345", "34567"], "category"),
        (["1,5", "2,5"], "category"),
        (["", "", ""], "category"),
    ],
)
def test_a_kind_is_read_off_all_cells(kind_of, cells: list[str], kind: str) -> None:
    assert kind_of(cells) == (kind, [])


def test_one_odd_cell_in_a_hundred_numbers_does_not_make_them_text(read, set_aside) -> None:
    rows = "".join(f"{i},2024-01-01,,{i}\n" for i in range(99)) + "x,2024-01-01,,many\n"
    export = read(
        "lead_id,created_at,converted_at,visits\n" + rows, leads_toml={"profile": ["visits"]}
    )
    assert export.profile == (ProfileColumn("visits", "number"),)
    assert set_aside(export) == [(101, "visits", "is_not_number")]


@pytest.mark.parametrize(
    "cells",
    [
        ["web", "ann@example.com", "fair"],
        ["+31 20 123 4567", "020-1234567", "0201234567"],
        ["(020) 123 4567", "+31201234567", ""],
        ["word " * 20, "another " * 10],
        [f"value {i}" for i in range(60)],
    ],
)
def test_personal_data_and_free_text_are_shown_and_never_a_feature(kind_of, cells) -> None:
    assert kind_of(cells) == ("display", ["shown_only"])


@pytest.mark.parametrize("name", ["email", "Phone", "FirstName", "contact last name", "work_phone"])
def test_a_column_named_like_personal_data_is_shown_only(kind_of, name: str) -> None:
    assert kind_of(["a", "b", "a"], name) == ("display", ["shown_only"])


@pytest.mark.parametrize("name", ["email_opt_in", "emails_opened", "campaign", "phone_provided"])
def test_a_column_about_personal_data_is_none(name: str) -> None:
    assert not is_personal_header(name)


def test_whether_there_is_a_phone_is_a_yes_or_no(kind_of) -> None:
    assert kind_of(["yes", "no"], "has_phone") == ("yes_no", [])


def test_many_values_that_repeat_are_a_category(kind_of) -> None:
    assert kind_of([f"city {i % 60}" for i in range(200)]) == ("category", [])


def test_a_declared_kind_stands_with_a_warning_where_it_looks_personal(kind_of) -> None:
    assert kind_of(["a@example.com", "b@example.com"], "contact", contact="category") == (
        "category",
        ["looks_personal"],
    )
    assert kind_of(["a@example.com"], "contact", contact="display") == ("display", [])
