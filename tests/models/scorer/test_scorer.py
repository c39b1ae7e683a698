from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.errors import ModelDamaged, ModelRefused, NotEnoughData
from models.scorer import scorer as scorer_module
from models.scorer.scorer import LeadScorer, sanitize_column_names
from tests.models.frames import draw_matrix

FEW_TREES = {"num_iterations": 30}


@pytest.fixture(scope="module")
def fitted() -> LeadScorer:
    X, converted = draw_matrix()
    return LeadScorer(FEW_TREES).fit(X, converted, categorical=["region"])


@pytest.fixture(scope="module")
def unseen() -> tuple[pd.DataFrame, np.ndarray]:
    return draw_matrix(seed=2)


def test_leads_that_convert_score_higher_on_leads_that_the_model_has_not_seen(
    fitted: LeadScorer, unseen: tuple[pd.DataFrame, np.ndarray]
) -> None:
    X, converted = unseen
    raw = fitted.raw_score(X)
    assert raw[converted == 1].mean() > raw[converted == 0].mean() + 0.3


def test_the_region_counts_as_a_name_and_not_as_a_size(fitted: LeadScorer) -> None:
    """Region 2 converts more often than 1 and 3, on either side of it."""
    X, _ = draw_matrix()
    mean = [fitted.raw_score(X.assign(region=np.float32(code))).mean() for code in (1, 2, 3)]
    assert mean[1] > max(mean[0], mean[2])


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_trainings_give_equal_bytes_whatever_the_threads(tmp_path: Path, threads: int) -> None:
    """30,000 rows, so that every thread has a part of them to sum over."""
    X, converted = draw_matrix(n_rows=30_000)
    scorers = {}
    for name, number in (("first", 2), ("second", threads)):
        (tmp_path / name).mkdir()
        scorers[name] = LeadScorer(FEW_TREES, threads=number).fit(X, converted, ["region"])
        scorers[name].save(tmp_path / name)
    for file in ("model.txt", "spec.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
    assert (scorers["first"].raw_score(X) == scorers["second"].raw_score(X)).all()


def test_another_seed_gives_another_model(fitted: LeadScorer) -> None:
    X, converted = draw_matrix()
    other = LeadScorer(FEW_TREES, seed=2).fit(X, converted, categorical=["region"])
    assert (other.raw_score(X) != fitted.raw_score(X)).any()


def test_a_loaded_model_scores_exactly_as_before(
    unseen: tuple[pd.DataFrame, np.ndarray], tmp_path: Path
) -> None:
    X, converted = unseen
    fitted = LeadScorer(FEW_TREES).fit(*draw_matrix(), categorical=["region"])
    fitted.calibrate(fitted.raw_score(X), converted).save(tmp_path, {"cutoffs": {"A": 0.5}})
    loaded = LeadScorer.load(tmp_path, threads=1)
    assert (loaded.predict_proba(X) == fitted.predict_proba(X)).all()
    assert (loaded.contributions(X) == fitted.contributions(X)).all()
    assert loaded.columns_ == tuple(X.columns)
    assert loaded.categorical_ == ("region",)
    assert loaded.extra_ == {"cutoffs": {"A": 0.5}}
    assert (loaded.rows_, loaded.conversions_) == (fitted.rows_, fitted.conversions_)


def test_a_model_saved_after_loading_has_the_same_bytes(fitted: LeadScorer, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    fitted.save(tmp_path / "first", {"trained": "2024-01-06"})
    LeadScorer.load(tmp_path / "first").save(tmp_path / "second")
    for file in ("model.txt", "spec.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_lightgbm_never_sees_a_damaged_file(
    fitted: LeadScorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted.save(tmp_path)
    model = tmp_path / "model.txt"
    model.write_bytes(model.read_bytes().replace(b"leaf_value=", b"leaf_valve=", 1))
    opened: list[str] = []
    monkeypatch.setattr(scorer_module, "_load_booster", opened.append)
    with pytest.raises(ModelDamaged, match="not the file that was saved"):
        LeadScorer.load(tmp_path)
    assert not opened


def test_calibrated_probabilities_keep_the_order_and_meet_the_base_rate(
    unseen: tuple[pd.DataFrame, np.ndarray],
) -> None:
    X, converted = unseen
    scorer = LeadScorer(FEW_TREES).fit(*draw_matrix(), categorical=["region"])
    raw = scorer.raw_score(X)
    scorer.calibrate(raw, converted)
    probability = scorer.predict_proba(X)
    assert (np.argsort(probability[:, 1], kind="stable") == np.argsort(raw, kind="stable")).all()
    assert probability[:, 1].mean() == pytest.approx(converted.mean(), rel=1e-6)
    assert probability.sum(axis=1) == pytest.approx(np.ones(len(X)))


def test_contributions_sum_to_the_raw_score(
    fitted: LeadScorer, unseen: tuple[pd.DataFrame, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    X, _ = unseen
    monkeypatch.setattr(scorer_module, "ROWS_AT_ONCE", 300)
    told: list[tuple[int, int]] = []
    values = fitted.contributions(X, progress=lambda done, total: told.append((done, total)))
    assert values.shape == (1_000, 5)
    np.testing.assert_allclose(values.sum(axis=1), fitted.raw_score(X), atol=1e-9)
    assert np.ptp(values[:, -1]) == 0  # the base is the same for everyone
    assert told == [(300, 1_000), (600, 1_000), (900, 1_000), (1_000, 1_000)]


def test_swapped_columns_are_refused(
    fitted: LeadScorer, unseen: tuple[pd.DataFrame, np.ndarray]
) -> None:
    swapped = unseen[0][["region", "days_since_visit", "noise", "visits_7d"]]
    expected = "column 0 should be 'days_since_visit' and is 'region'"
    for ask in (fitted.raw_score, fitted.predict_proba, fitted.contributions):
        with pytest.raises(ModelRefused, match=expected):
            ask(swapped)


def test_a_missing_last_column_is_refused(
    fitted: LeadScorer, unseen: tuple[pd.DataFrame, np.ndarray]
) -> None:
    with pytest.raises(ModelRefused, match="4 columns are expected and 3 came"):
        fitted.raw_score(unseen[0].iloc[:, :3])


def test_an_empty_list_has_no_scores(fitted: LeadScorer) -> None:
    nobody = draw_matrix()[0].iloc[:0]
    assert fitted.raw_score(nobody).shape == (0,)
    assert fitted.predict_proba(nobody).shape == (0, 2)
    assert fitted.contributions(nobody).shape == (0, 5)


def test_a_single_lead_has_the_score_that_it_has_among_others(
    fitted: LeadScorer, unseen: tuple[pd.DataFrame, np.ndarray]
) -> None:
    X, _ = unseen
    assert fitted.raw_score(X.iloc[[7]])[0] == fitted.raw_score(X)[7]


@pytest.mark.parametrize(("outcome", "converted"), [(0, 0), (1, 1_000)])
def test_one_outcome_alone_is_nothing_to_learn_from(outcome: int, converted: int) -> None:
    X, _ = draw_matrix()
    with pytest.raises(NotEnoughData, match=f"{converted} of 1000 training rows converted"):
        LeadScorer().fit(X, np.full(1_000, outcome))


def test_no_rows_are_nothing_to_learn_from() -> None:
    with pytest.raises(NotEnoughData, match="0 of 0 training rows"):
        LeadScorer().fit(draw_matrix()[0].iloc[:0], [])


def test_scores_that_are_no_numbers_are_refused(
    fitted: LeadScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, _ = draw_matrix(n_rows=3)
    broken = np.array([0.1, np.nan, np.inf])
    monkeypatch.setattr(fitted, "_predict", lambda *_, **__: broken)
    with pytest.raises(ModelRefused, match="2 of 3 raw scores are not finite"):
        fitted.predict_proba(X)


def test_a_matrix_with_a_doubled_column_is_refused() -> None:
    X, converted = draw_matrix()
    doubled = X.set_axis(["region", "region", "noise", "visits_7d"], axis=1)
    with pytest.raises(ModelRefused, match=r"1 columns are there twice \['region'\]"):
        LeadScorer().fit(doubled, converted)


def test_a_categorical_column_must_be_in_the_matrix() -> None:
    X, converted = draw_matrix()
    with pytest.raises(ModelRefused, match=r"1 categorical columns are missing \['country'\]"):
        LeadScorer().fit(X, converted, categorical=["country"])


def test_column_names_may_hold_what_lightgbm_does_not_take(tmp_path: Path) -> None:
    X, converted = draw_matrix()
    X = X.set_axis(['days, "since" visit', "Region: Süd", "days_ _since__visit", "a b"], axis=1)
    scorer = LeadScorer(FEW_TREES).fit(X, converted, categorical=["Region: Süd"])
    scorer.save(tmp_path)
    assert (LeadScorer.load(tmp_path).raw_score(X) == scorer.raw_score(X)).all()


def test_columns_whose_names_fall_together_stay_apart() -> None:
    assert sanitize_column_names(["a b", "a:b", "a_b", "a_b_"]) == [
        "a_b",
        "a_b_",
        "a_b__",
        "a_b___",
    ]
