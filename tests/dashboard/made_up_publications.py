"""Small publications that can be read by eye, and the app on them without a browser."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from streamlit.testing.v1 import AppTest

from publications.schema import FILES, MANIFEST, find_published_file
from publications.storage.store import (
    Home,
    Publication,
    hold_home,
    open_current,
    publish,
    start_run,
)
from publications.tables.read_write import write_table
from tests.publications.conftest import (
    made_up_provenance,
    made_up_worklist,
    write_publication_files,
)
from tests.publications.made_up_monitoring import made_up_decision, made_up_watch

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
PAGES = ("worklist", "gains", "tiers", "model", "data")
AS_OF = datetime(2012, 3, 14, tzinfo=UTC)
NOW = AS_OF + timedelta(hours=5)
LEADS = 30
OWNERS = ("ann", "ben", "cara")
NO_MODEL = "20 conversions are too few for a model; 120 are needed."


def owned_worklist(rows: int = LEADS) -> pd.DataFrame:
    """Ranks 1, 2, 3 belong to ann, ben, cara, and so on in turns; every fifth has no source."""
    sources = ["web", "fair", "web", "partner", None]
    return made_up_worklist(rows).assign(
        owner_id=pd.Series([OWNERS[place % 3] for place in range(rows)], dtype="str"),
        source=pd.Series([sources[place % 5] for place in range(rows)], dtype="str"),
        newsletter=pd.Series([place % 2 == 0 for place in range(rows)]),
    )


def publish_made_up(
    home: Home,
    *,
    worklist: pd.DataFrame | None = None,
    as_of: datetime = AS_OF,
    model: bool = True,
    stories: bool = True,
    checks: Mapping[str, Any] | None = None,
    counts: Mapping[str, Any] | None = None,
    watch: Mapping[str, Any] | None = None,
    decision: Mapping[str, Any] | None = None,
    warnings: Sequence[str] | None = None,
    no_model_reason: str = NO_MODEL,
    settings: Mapping[str, Any] | None = None,
) -> Publication:
    """Publish a made-up list.

    ``stories=False`` leaves out every file that older publications lack; ``model=False`` makes
    the list without a model.
    """
    listed = owned_worklist() if worklist is None else worklist
    listed = listed if model else listed.assign(score=float("nan"))
    with hold_home(home) as lock:
        run = start_run(lock, "made-up")
        write_publication_files(run)
        for name in ("worklist.csv", "worklist.parquet"):
            write_table(run, name, listed)
        (run / "monitoring.json").write_text(json.dumps(watch or made_up_watch()))
        (run / "decision.json").write_text(json.dumps(decision or made_up_decision()))
        (run / "data_checks.json").write_text(json.dumps(checks or made_up_checks()))
        for file in FILES:
            if (file.optional and not stories) or (file.needs_model and not model):
                (run / find_published_file(file.name).name).unlink(missing_ok=True)
        tiers = {tier: int(n) for tier, n in listed["tier"].value_counts().sort_index().items()}
        shown = {"rows": made_up_rows(), "leads_listed": len(listed), "tiers": tiers}
        provenance = made_up_provenance(
            as_of=as_of,
            counts=counts or shown,
            settings=SETTINGS if settings is None else settings,
            **({} if model else {**WITHOUT_MODEL, "no_model_reason": no_model_reason}),
        )
        number = publish(lock, run, provenance, as_of)
    if warnings is not None:
        manifest = home.publications / str(number) / MANIFEST
        content = json.loads(manifest.read_text())
        manifest.write_text(json.dumps({**content, "warnings": [*warnings]}))
    found = open_current(home)
    assert found is not None
    return found


SETTINGS = {
    "lists": {"horizon_days": 30},
    "freshness": {"by": "created"},
    "tiers": {"A": 0.3, "B": 0.4, "C": 0.3},
}
WITHOUT_MODEL = {"model_version": None, "model_sha256": None, "no_model_reason": NO_MODEL}


def made_up_rows() -> list[dict[str, Any]]:
    return [
        {"table": "leads", "rows_in": 32, "kept": 30, "quarantined": 1, "excluded": 1},
        {"table": "activities", "rows_in": 500, "kept": 499, "quarantined": 1, "excluded": 0},
    ]


def made_up_checks() -> dict[str, Any]:
    check = {"table": "leads", "column": "lead_id", "rule": "unique", "severity": "error"}
    lock = {**check, "passed": True, "observed": 0, "expected": "unique", "message": "Is unique."}
    late = {
        **check,
        "column": None,
        "rule": "fresh",
        "severity": "warning",
        "passed": False,
        "observed": 2,
        "expected": "at most a day old",
        "message": "The export is 2 days old.",
    }
    finding = {"table": "leads", "rule": "repeated", "severity": "info", "rows": 1}
    return {
        "checks": [lock, late],
        "findings": [{**finding, "message": "1 lead repeats another row exactly."}],
    }


def encode_app_settings(home: Home, *, now: datetime = NOW, roles: Any = None) -> str:
    """What ``leadgain dashboard`` would leave in the environment."""
    return json.dumps({"home": str(home.folder), "now": now.isoformat(), "roles": roles})


def build_app() -> AppTest:
    """The whole app, not yet run."""
    return AppTest.from_file(APP, default_timeout=240)


def run_page(page: str) -> AppTest:
    """One of the pages, run once without an error of Streamlit's."""
    at = build_app().run()
    if page != "worklist":
        at.switch_page(f"app_pages/{page}.py").run()
    assert not at.exception
    return at


def run_worklist(**parameters: str | list[str]) -> AppTest:
    """The worklist, as an address with these parameters opens it."""
    at = build_app()
    at.query_params.update(parameters)
    at.run()
    assert not at.exception
    return at


def read_value(element: Any) -> str:
    """The text of an element, without its escapes and with plain spaces."""
    return str(element.value).replace("\\", "").replace("\xa0", " ")


def list_page_texts(at: AppTest) -> list[str]:
    """Every text on a page but those in tables that scroll, without escapes."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "success")
    texts = [str(element.value) for kind in kinds for element in at.get(kind)]
    titles = [element.proto.title for element in at.get("alert")]
    figures = [f"{m.label} {m.value} {m.delta}" for m in at.metric]
    cells = [str(cell) for table in at.table for cell in table.value.to_numpy().ravel()]
    return [text.replace("\\", "") for text in (*texts, *titles, *figures, *cells)]


def read_page_text(at: AppTest) -> str:
    """Every text on a page, as one, with plain spaces."""
    tables = [element.value.to_csv() for element in (*at.table, *at.dataframe)]
    return "\n".join([*list_page_texts(at), *tables]).replace("\xa0", " ")
