from models.evaluation.baselines import most_fresh, score_random_order


def test_the_lead_that_stirred_last_is_called_first() -> None:
    days_since_visit = [9.0, 0.5, 3.0]
    assert most_fresh(days_since_visit).argsort()[::-1].tolist() == [1, 2, 0]


def test_random_order_gives_everyone_the_same_score() -> None:
    assert len(set(score_random_order(5))) == 1
