import re

import numpy as np
import pandas as pd
import pytest

from models.evaluation.gain_tables import build_gain_table, sample_gains
from models.evaluation.verdicts import TOLERATED_LOSS, compare_with_champion, prove
from tests.models.frames import draw_scored_lists


@pytest.fixture(scope="module")
def backtest() -> pd.DataFrame:
    return draw_scored_lists(n_lists=4, n_leads=400, digits=4).iloc[:1250]


def shuffle_scores(backtest: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
    """Scores that know nothing."""
    score = np.random.default_rng(seed).permutation(backtest["score"].to_numpy())
    return backtest.assign(score=score)


def find_figures(sentence: str) -> list[str]:
    return re.findall(r"[-+]?[\d.]+ (?:%|points)", sentence)


def test_a_model_that_beats_the_most_fresh_beyond_chance_passes(backtest: pd.DataFrame) -> None:
    proof = prove(backtest, depth=0.3)
    assert proof.passed
    assert proof.difference is not None
    assert proof.difference.low > 0
    assert proof.sentence.startswith("Calling the first 30 % of each list reaches ")


def test_the_proof_says_what_the_table_of_gains_says(backtest: pd.DataFrame) -> None:
    proof = prove(backtest, depth=0.3, samples=100, seed=4)
    table = build_gain_table(sample_gains(backtest, samples=100, seed=4))
    model = table.query("depth == 0.3 and ranking == 'model'").iloc[0]
    assert proof.difference is not None
    assert proof.difference.value == model["difference_to_most_fresh"]
    assert proof.difference.low == model["difference_low"]
    assert proof.difference.high == model["difference_high"]


def test_shuffled_scores_do_not_pass(backtest: pd.DataFrame) -> None:
    proof = prove(shuffle_scores(backtest), depth=0.3)
    assert not proof.passed
    assert "does not prove that the model ranks better" in proof.sentence


def test_the_most_fresh_itself_does_not_pass(backtest: pd.DataFrame) -> None:
    assert not prove(backtest.assign(score=backtest["most_fresh"]), depth=0.3).passed


def test_a_model_that_beats_a_freshness_worse_than_chance_must_beat_random_order_too(
    backtest: pd.DataFrame,
) -> None:
    """Mass mailings make dead leads fresh: any order beats calling those first."""
    upside_down = shuffle_scores(backtest).assign(most_fresh=-backtest["score"])
    proof = prove(upside_down, depth=0.3)
    assert proof.difference is not None
    assert proof.difference.low > 0
    assert not proof.passed
    assert "But random order reaches 30 %" in proof.sentence
    more = f"{100 * (proof.difference.gain - 0.3):+.1f} points"
    assert find_figures(proof.sentence)[3:] == ["30 %", more, "95 %"]
    assert "range" in proof.sentence
    assert proof.depth == 0.3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"score": 0.3}, "the same score"),
        ({"score": np.nan}, "1,250 of 1,250 scores of the model are not numbers"),
        ({"converted": 0}, "0 of 1,250 rows of the backtest converted"),
        ({"converted": 1}, "1,250 of 1,250 rows of the backtest converted"),
    ],
)
def test_scores_that_rank_nothing_do_not_pass_and_say_why(
    backtest: pd.DataFrame, change: dict[str, float], reason: str
) -> None:
    proof = prove(backtest.assign(**change), depth=0.3)
    assert not proof.passed
    assert proof.difference is None
    assert reason in proof.sentence


def test_one_score_that_is_no_number_is_enough_to_fail(backtest: pd.DataFrame) -> None:
    broken = backtest.copy()
    broken.loc[5, "score"] = np.inf
    assert "1 of 1,250 scores" in prove(broken, depth=0.3).sentence


def test_an_empty_backtest_proves_nothing(backtest: pd.DataFrame) -> None:
    assert "has no row" in prove(backtest.iloc[:0], depth=0.3).sentence


def test_an_equal_challenger_is_not_worse(backtest: pd.DataFrame) -> None:
    comparison = compare_with_champion(backtest, backtest, depth=0.3)
    assert comparison.verdict == "not worse"
    assert comparison.difference is not None
    assert (comparison.difference.low, comparison.difference.high) == (0, 0)


def test_a_challenger_that_knows_more_is_better_and_the_other_way_round_worse(
    backtest: pd.DataFrame,
) -> None:
    random = shuffle_scores(backtest)
    assert compare_with_champion(backtest, random, depth=0.3).verdict == "better"
    assert compare_with_champion(random, backtest, depth=0.3).verdict == "worse"


def test_a_challenger_that_loses_two_points_is_worse_however_wide_the_band() -> None:
    """Ten leads, two convert; the champion calls both first, the challenger one of them late."""
    small = draw_scored_lists(n_lists=1, n_leads=13, digits=4).iloc[:10]
    small = small.assign(converted=[1, 1, *[0] * 8], score=np.linspace(1, 0.1, 10))
    challenger = small.assign(score=[1, 0.05, *np.linspace(0.8, 0.1, 8)])
    comparison = compare_with_champion(challenger, small, depth=0.3)
    assert comparison.difference is not None
    assert comparison.difference.value == pytest.approx(-0.5)
    assert comparison.difference.value < -TOLERATED_LOSS
    assert comparison.difference.high == 0
    assert comparison.verdict == "worse"


@pytest.mark.parametrize("score", [0.3, np.nan])
def test_a_challenger_whose_scores_rank_nothing_is_worse(
    backtest: pd.DataFrame, score: float
) -> None:
    assert (
        compare_with_champion(backtest.assign(score=score), backtest, depth=0.3).verdict == "worse"
    )


def test_a_champion_whose_scores_are_no_numbers_gives_way(backtest: pd.DataFrame) -> None:
    comparison = compare_with_champion(backtest, backtest.assign(score=np.nan), depth=0.3)
    assert comparison.verdict == "better"
    assert comparison.rows == len(backtest)
    assert "not all numbers" in comparison.sentence


def test_only_rows_that_both_were_tested_on_are_compared(backtest: pd.DataFrame) -> None:
    """The champion does perfectly on a list that the challenger was not tested on."""
    later = backtest["list_date"] > backtest["list_date"].min()
    earlier = backtest[~later].assign(score=lambda rows: rows["converted"])
    champion = pd.concat([earlier, shuffle_scores(backtest)[later]])
    challenger = backtest[later]
    comparison = compare_with_champion(challenger, champion, depth=0.3)
    assert comparison.rows == len(challenger)
    assert comparison.verdict == "better"


def test_a_proof_gives_both_shares_and_their_difference() -> None:
    """Of 40 leads 10 convert: the first 12 hold them all, or 3 of them by chance."""
    rows = draw_scored_lists(n_lists=1, n_leads=60).iloc[:40]
    rows = rows.assign(converted=[1] * 10 + [0] * 30, score=[0.9] * 10 + [0.1] * 30, most_fresh=0.0)
    proof = prove(rows, depth=0.3)
    assert find_figures(proof.sentence) == ["30 %", "100 %", "30 %", "+70.0 points", "95 %"]
    equal = prove(rows.assign(most_fresh=rows["score"]), depth=0.3)
    assert "+0.0 points (95 % range +0.0 to +0.0)" in equal.sentence
    assert (equal.passed, equal.depth) == (False, 0.3)
    assert equal.difference is not None
    assert equal.difference.gain == 1


def test_a_comparison_gives_both_shares_their_difference_and_the_rows() -> None:
    """Ten leads, two convert; the champion calls both first, the challenger one of them last."""
    champion = draw_scored_lists(n_lists=1, n_leads=13).iloc[:10]
    champion = champion.assign(converted=[1, 1, *[0] * 8], score=np.linspace(1, 0.1, 10))
    challenger = champion.assign(score=[1, 0.05, *np.linspace(0.8, 0.1, 8)])
    sentence = compare_with_champion(challenger, champion, depth=0.3).sentence
    assert find_figures(sentence) == ["30 %", "50 %", "100 %", "-50.0 points", "95 %"]
    assert "the 10 rows" in sentence
    assert sentence.endswith("worse.")


def test_both_verdicts_measure_a_difference_alike_and_the_same_one_each_time(
    backtest: pd.DataFrame,
) -> None:
    fresh = backtest.assign(score=backtest["most_fresh"])
    for options in ({"samples": 50, "seed": 4}, {}):
        proof = prove(backtest, depth=0.2, **options)
        comparison = compare_with_champion(backtest, fresh, depth=0.2, **options)
        assert comparison.difference == proof.difference
    usual = {"samples": 500, "seed": 1}
    assert prove(backtest, depth=0.2, **usual).difference == proof.difference


def test_backtests_without_a_common_row_are_not_comparable(backtest: pd.DataFrame) -> None:
    later = backtest.assign(as_of=backtest["as_of"] + pd.Timedelta(days=365))
    comparison = compare_with_champion(backtest, later, depth=0.3)
    assert comparison.verdict == "not comparable"
    assert comparison.rows == 0
    assert comparison.difference is None
    assert "no common list" in comparison.sentence


def test_the_champion_needs_only_its_published_columns(backtest: pd.DataFrame) -> None:
    published = backtest[["as_of", "lead_id", "score"]].sample(frac=1, random_state=2)
    assert compare_with_champion(backtest, published, depth=0.3).verdict == "not worse"
