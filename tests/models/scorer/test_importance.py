import numpy as np
import pytest

from models.scorer.importance import build_importance_table, pick_evenly_spaced
from models.scorer.scorer import LeadScorer
from tests.models.frames import draw_matrix

TOPICS = ["visits", "region", "noise", "visits"]
GROUPS = ["Visits", "Region", "Noise", "Visits"]
FEATURES = ["days since the last one", "its value", "the number", "in 7 days"]


def read_shares(contributions: np.ndarray) -> dict[tuple[str, str], float]:
    table = build_importance_table(contributions, TOPICS, GROUPS, FEATURES)
    keys = zip(table["level"], table["feature"].fillna(""), table["group"], strict=True)
    named = [(level, feature or group) for level, feature, group in keys]
    return dict(zip(named, table["share"], strict=True))


def test_shares_sum_to_one_on_each_level() -> None:
    contributions = np.random.default_rng(1).normal(size=(50, 5))
    table = build_importance_table(contributions, TOPICS, GROUPS, FEATURES)
    assert table.groupby("level")["share"].sum().tolist() == pytest.approx([1.0, 1.0])


def test_shares_equal_the_slow_twin() -> None:
    contributions = np.random.default_rng(2).normal(size=(50, 5))
    found = read_shares(contributions)
    reach = [sum(abs(row[column]) for row in contributions) for column in range(4)]
    assert found["feature", "in 7 days"] == pytest.approx(reach[3] / sum(reach))
    visits = sum(abs(row[0] + row[3]) for row in contributions)
    assert found["group", "Visits"] == pytest.approx(visits / (visits + reach[1] + reach[2]))


def test_columns_that_cancel_out_do_not_make_their_fact_important() -> None:
    found = read_shares(np.array([[1.0, 0.5, 0.0, -1.0, 9.0]]))
    assert found["group", "Visits"] == 0
    assert found["group", "Region"] == 1


def test_the_base_moves_no_lead() -> None:
    one, other = (np.array([[1.0, 0.5, 0.0, -0.5, base]]) for base in (0.0, 99.0))
    assert read_shares(one) == read_shares(other)


def test_a_model_that_nothing_moves_has_no_important_fact() -> None:
    assert set(read_shares(np.zeros((3, 5))).values()) == {0.0}
    assert set(read_shares(np.zeros((0, 5))).values()) == {0.0}


def test_what_makes_leads_convert_is_found_important() -> None:
    """Visits drive the made-up conversions, the region a little, noise not at all."""
    X, converted = draw_matrix()
    scorer = LeadScorer({"num_iterations": 30}).fit(X, converted, categorical=["region"])
    table = build_importance_table(scorer.contributions(X), TOPICS, GROUPS, FEATURES)
    assert table[table["level"] == "group"]["group"].tolist() == ["Visits", "Region", "Noise"]


def test_the_rows_that_are_weighed_are_spread_over_all() -> None:
    rows = pick_evenly_spaced(1_000_000)
    assert (len(rows), rows[0], rows[-1]) == (5_000, 0, 999_800)
    assert set(np.diff(rows)) == {200}
    assert pick_evenly_spaced(0).size == 0
