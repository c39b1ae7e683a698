import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.scorer import explanations as reasons
from models.scorer.explanations import (
    base_score,
    compute_topic_contributions,
    find_largest_contributions,
    find_strongest_topics,
    sum_by_topic,
)
from models.scorer.scorer import LeadScorer
from tests.models.frames import draw_matrix

TOPICS = ["visits", "region", "noise", "visits"]


@pytest.fixture(scope="module")
def scorer() -> LeadScorer:
    return LeadScorer({"num_iterations": 30}).fit(*draw_matrix(), categorical=["region"])


def test_the_columns_of_one_topic_count_together() -> None:
    contributions = np.array([[1.0, 2.0, 3.0, 4.0, 100.0]])
    summed = sum_by_topic(contributions, TOPICS)
    assert summed.to_dict("records") == [{"visits": 5, "region": 2, "noise": 3}]


def test_topics_and_base_sum_to_the_raw_score(
    scorer: LeadScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, _ = draw_matrix(seed=2)
    base = scorer.contributions(X.iloc[:1])[0, -1]
    monkeypatch.setattr(reasons, "ROWS_AT_ONCE", 400)
    told: list[tuple[int, int]] = []
    moved = compute_topic_contributions(scorer, X, TOPICS, progress=lambda *step: told.append(step))
    assert moved.columns.tolist() == ["visits", "region", "noise"]
    np.testing.assert_allclose(moved.sum(axis=1) + base, scorer.raw_score(X), atol=1e-9)
    assert told == [(400, 1_000), (800, 1_000), (1_000, 1_000)]


def test_an_empty_list_needs_no_reasons(scorer: LeadScorer) -> None:
    moved = compute_topic_contributions(scorer, draw_matrix()[0].iloc[:0], TOPICS)
    topics, signs = find_strongest_topics(moved)
    assert topics.shape == signs.shape == (0, 3)


def test_as_many_topics_as_columns_are_needed() -> None:
    with pytest.raises(ValueError, match="2 topics were given for 4 columns"):
        sum_by_topic(np.zeros((1, 5)), ["visits", "region"])


def test_a_good_lead_is_explained_by_what_raises_it_first() -> None:
    """+0.9 - 0.8 + 0.1 = 0.2: above the base, although something strong lowers it."""
    moved = pd.DataFrame({"a": [-0.8], "b": [0.1], "c": [0.9]})
    topics, signs = find_strongest_topics(moved)
    assert topics.tolist() == [["c", "b", "a"]]
    assert signs.tolist() == [[1, 1, -1]]


def test_a_poor_lead_is_explained_by_what_lowers_it_first() -> None:
    moved = pd.DataFrame({"a": [-0.8], "b": [0.1], "c": [-0.2]})
    topics, signs = find_strongest_topics(moved, k=2)
    assert topics.tolist() == [["a", "c"]]
    assert signs.tolist() == [[-1, -1]]


def test_where_nothing_more_moves_the_lead_no_reason_is_made_up() -> None:
    topics, signs = find_strongest_topics(pd.DataFrame({"a": [0.0, 0.0], "b": [0.4, 0.0]}))
    assert topics.tolist() == [["b", "", ""], ["", "", ""]]
    assert signs.tolist() == [[1, 0, 0], [0, 0, 0]]


def test_equal_topics_come_in_the_order_of_the_columns() -> None:
    topics, _ = find_strongest_topics(
        pd.DataFrame({"z": [0.1], "a": [0.1], "m": [0.1], "b": [0.1]})
    )
    assert topics.tolist() == [["z", "a", "m"]]


def find_strongest_at_once(moved: pd.DataFrame, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The whole list in one go, as it was done before its memory was bounded."""
    names = np.array([*moved.columns, *[""] * k], dtype=object)
    values = np.pad(moved.to_numpy(), ((0, 0), (0, k)))
    way = np.where(values.sum(axis=1) > 0, 1, -1)[:, None]
    reach = np.abs(values).max(axis=1, keepdims=True, initial=0)
    rank = np.abs(values) + np.where(values * way > 0, reach, 0)
    first = np.argsort(-rank, axis=1, kind="stable")[:, :k]
    signs = np.sign(np.take_along_axis(values, first, axis=1)).astype(np.int8)
    return np.where(signs == 0, "", names[first]), signs


@given(
    n_leads=st.integers(0, 40),
    n_topics=st.integers(1, 20),
    k=st.integers(1, 4),
    rows=st.integers(3, 12),
    seed=st.integers(0, 2**32 - 1),
    by_columns=st.booleans(),
)
def test_a_list_in_parts_is_explained_as_the_whole_list_at_once(
    n_leads: int, n_topics: int, k: int, rows: int, seed: int, by_columns: bool
) -> None:
    """Tenths that sum to nearly nothing: which way a lead leans hangs on the order of the sum."""
    draw = np.random.default_rng(seed)
    values = draw.integers(-3, 4, (n_leads, n_topics)) / 10
    values[:, -1] = -values[:, :-1].sum(axis=1)
    names = [f"topic {i}" for i in range(n_topics)]
    moved = pd.DataFrame(np.asfortranarray(values) if by_columns else values, columns=names)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reasons, "ROWS_AT_ONCE", rows)
        topics, signs = find_strongest_topics(moved, k)
    whole, signs_of_whole = find_strongest_at_once(moved, k)
    assert topics.tolist() == whole.tolist()
    assert (signs.dtype, signs.tobytes()) == (signs_of_whole.dtype, signs_of_whole.tobytes())


def test_explaining_a_long_list_takes_little_memory_beside_the_result() -> None:
    """40,000 leads and 25 topics are 8 MB; all at once took five times as much beside them."""
    moved = pd.DataFrame(np.random.default_rng(1).normal(size=(40_000, 25)))
    moved.columns = pd.Index([f"topic {i}" for i in range(25)])
    tracemalloc.start()
    topics, signs = find_strongest_topics(moved)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - topics.nbytes - signs.nbytes < 8e6


def slow_strongest(values: list[float], names: list[str], k: int) -> list[tuple[str, int]]:
    way = 1 if sum(values) > 0 else -1
    along = [n for n, v in zip(names, values, strict=True) if v * way > 0]
    across = [n for n, v in zip(names, values, strict=True) if v * way < 0]
    size = dict(zip(names, map(abs, values), strict=True))
    chosen = [
        *[(n, way) for n in sorted(along, key=lambda n: -size[n])],
        *[(n, -way) for n in sorted(across, key=lambda n: -size[n])],
        *[("", 0)] * k,
    ]
    return chosen[:k]


@given(
    st.lists(
        st.lists(st.sampled_from([v / 8 for v in range(-8, 9)]), min_size=5, max_size=5),
        min_size=1,
        max_size=20,
    )
)
def test_reasons_equal_the_slow_twin(rows: list[list[float]]) -> None:
    names = ["e", "d", "c", "b", "a"]
    topics, signs = find_strongest_topics(pd.DataFrame(rows, columns=names), k=3)
    for row, told, way in zip(rows, topics, signs, strict=True):
        assert list(zip(told, way, strict=True)) == slow_strongest(row, names, 3)


@given(
    st.lists(
        st.lists(st.sampled_from([v / 8 for v in range(-8, 9)]), min_size=5, max_size=5),
        min_size=1,
        max_size=20,
    )
)
def test_the_weightiest_facts_and_the_others_equal_the_slow_twin(rows: list[list[float]]) -> None:
    names = ["e", "d", "c", "b", "a"]
    topics, contributions, others = find_largest_contributions(
        pd.DataFrame(rows, columns=names), k=3
    )
    for row, told, moved, rest in zip(rows, topics, contributions, others, strict=True):
        by_size = sorted(zip(names, row, strict=True), key=lambda pair: -abs(pair[1]))
        expected = [(name if value else "", value) for name, value in by_size[:3]]
        assert list(zip(told, moved, strict=True)) == expected
        assert rest == sum(value for _, value in by_size[3:])


def test_facts_and_others_sum_to_the_score_less_its_base(scorer: LeadScorer) -> None:
    X, _ = draw_matrix(seed=2)
    moved = compute_topic_contributions(scorer, X, TOPICS)
    _, contributions, others = find_largest_contributions(moved, k=2)
    total = contributions.sum(axis=1) + others
    np.testing.assert_allclose(total, moved.sum(axis=1), atol=2e-6)


def test_noise_in_the_last_bits_changes_neither_facts_nor_their_order() -> None:
    moved = pd.DataFrame({"a": [0.25], "b": [0.25], "c": [-0.5]})
    shaken = moved + np.array([[0, 1e-13, -1e-13]])
    for one, other in zip(
        find_largest_contributions(moved), find_largest_contributions(shaken), strict=True
    ):
        assert one.tolist() == other.tolist()


def test_fewer_topics_than_asked_for_leave_the_rest_empty() -> None:
    topics, contributions, others = find_largest_contributions(pd.DataFrame({"a": [0.5]}), k=3)
    assert topics.tolist() == [["a", "", ""]]
    assert contributions.tolist() == [[0.5, 0.0, 0.0]]
    assert others.tolist() == [0.0]


def test_contributions_begin_at_the_base_score(scorer: LeadScorer) -> None:
    X, converted = draw_matrix(seed=2)
    calibrated = LeadScorer({"num_iterations": 30}).fit(X, converted, ["region"])
    calibrated.calibrate(calibrated.raw_score(X), converted)
    base_raw = calibrated.raw_score(X)[0] - calibrated.contributions(X)[0, :-1].sum()
    expected = calibrated.calibration_.probability([base_raw])[0]
    assert base_score(calibrated) == pytest.approx(expected)
