import json

import pandas as pd

from crm.contract import ProfileColumn
from features.vocabulary import Vocabulary, learn_vocabulary
from tests.features.conftest import Loan
from tests.features.frames import build_activities, build_leads, parse_instant

UNTIL = parse_instant("2012-02-01")


def test_the_40_most_frequent_types_have_features_of_their_own_and_ties_go_by_name() -> None:
    often = [(0, "2012-01-01", f"type_{i:02d}", "internal", None) for i in range(45)] * 2
    once = [(0, "2012-01-01", "a_rare_one", "internal", None)]
    vocabulary = learn_vocabulary(
        build_leads(["2012-01-01"]), build_activities(often + once), [], until=UNTIL
    )
    assert vocabulary.types == tuple(f"type_{i:02d}" for i in range(40))


def test_what_happens_from_the_cut_on_teaches_nothing() -> None:
    activities = build_activities(
        [
            (0, "2012-01-31T23:59:59", "call", "internal", None),
            (0, "2012-02-01", "mail", "internal", None),
        ]
    )
    leads = build_leads(
        ["2012-01-01"] * 10 + ["2012-02-01"] * 10, source=["web"] * 10 + ["fair"] * 10
    )
    vocabulary = learn_vocabulary(
        leads, activities, [ProfileColumn("source", "category")], until=UNTIL
    )
    assert vocabulary.types == ("call",)
    assert vocabulary.profile[0].categories == ("web",)


def test_a_category_of_fewer_than_ten_leads_has_no_code_of_its_own() -> None:
    source = pd.Series(["web"] * 12 + ["fair"] * 10 + ["letter"] * 9 + [None] * 20, dtype="str")
    leads = build_leads(["2012-01-01"] * len(source), source=source)
    columns = [ProfileColumn("source", "category"), ProfileColumn("email", "display")]
    vocabulary = learn_vocabulary(leads, build_activities([]), columns, until=UNTIL)
    assert [(t.name, t.categories) for t in vocabulary.profile] == [("source", ("web", "fair"))]


def test_a_vocabulary_survives_json(loan: Loan) -> None:
    vocabulary = learn_vocabulary(*loan, until=UNTIL)
    assert len(vocabulary.types) == 31
    assert Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict()))) == vocabulary
