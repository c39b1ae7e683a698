"""What the command shows, held against figures that can be checked by eye."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from rich.console import Console

from models.registry.types import RegisteredVersion
from pipelines.cli import output as terminal
from pipelines.cli.explain import Explanation
from pipelines.cli.output import ProgressLines
from pipelines.runtime.progress import step, use_listener
from tests.publications.made_up_monitoring import (
    DEGRADED_REASON,
    made_up_decision,
    made_up_degraded_watch,
)

AT = pd.Timestamp("2024-03-10 06:30", tz="UTC")


@pytest.fixture
def shown(monkeypatch, capsys):
    """A screen without a terminal behind it, and what stands on it."""
    monkeypatch.setenv("COLUMNS", "120")
    return SimpleNamespace(
        console=terminal.build_console(), text=lambda: " ".join(capsys.readouterr().out.split())
    )


def build_gain_table() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (0.3, "model", 0.562, 0.53, 0.59, 0.149, 0.12, 0.174),
            (0.3, "most_fresh", 0.413, 0.39, 0.44, 0.0, 0.0, 0.0),
            (0.3, "random", 0.3, 0.3, 0.3, -0.113, -0.14, -0.09),
            (0.3, "perfect", 0.98, 0.95, 1.0, 0.567, 0.54, 0.6),
        ],
        columns=[
            *("depth", "ranking", "gain", "gain_low", "gain_high"),
            *("difference_to_most_fresh", "difference_low", "difference_high"),
        ],
    )


def test_gains_are_shown_with_their_bands_and_the_points_ahead(shown):
    shown.console.print(terminal.build_gains_table(build_gain_table()))
    text = shown.text()
    for told in ("30 %", "56 %", "53 to 59 %", "41 %", "39 to 44 %", "+14.9", "+12.0 to +17.4"):
        assert told in text
    assert "98 %" not in text, "the perfect order is no choice that a team has"


def test_random_order_has_no_band(shown):
    shown.console.print(terminal.build_gains_table(build_gain_table().query("ranking == 'random'")))
    text = shown.text()
    assert "30 % │ 30 %" in text
    assert " to " not in text


def test_tiers_are_shown_with_their_base_rate_and_its_band(shown):
    tiers = pd.DataFrame(
        {
            "tier": ["A"],
            "leads": [1265],
            "share": [0.3],
            "base_rate": [0.571],
            "base_rate_low": [0.54],
            "base_rate_high": [0.61],
            "share_of_conversions": [0.56],
        }
    )
    shown.console.print(terminal.build_tiers_table(tiers))
    assert "A │ 1,265 │ 57.1 % (54.0 to 61.0 %) │ 56 %" in shown.text()


def test_brackets_in_a_fact_a_lead_or_a_path_are_shown_as_they_are(shown):
    facts = pd.DataFrame({"fact": ["Plan: [/bold]", "[red]"], "contribution": [0.5, -0.25]})
    explanation = Explanation("L[1]", AT, 3, 0.5, 0.2, facts)
    terminal.show_explanation(shown.console, explanation)
    terminal.show_files(shown.console, {"Worklist": Path("/srv/[/x]/worklist.csv")})
    text = shown.text()
    for told in ("Lead L[1]", "Plan: [/bold]", "[red]", "/srv/[/x]/worklist.csv"):
        assert told in text


def test_each_fact_has_a_bar_as_long_as_it_weighs(shown):
    facts = pd.DataFrame({"fact": ["strong", "half", "against"], "contribution": [0.8, 0.4, -0.01]})
    terminal.show_explanation(shown.console, Explanation("L1", AT, 3, 0.706, 0.2, facts))
    text = shown.text()
    assert f"strong │ │ {'█' * 12} │" in text
    assert f"half │ │ {'█' * 6} │" in text
    assert "against │ █ │ │" in text
    assert "The score is 70.6 %" in text
    assert "a typical lead has 20.0 %" in text
    assert "Model version 3, as of 2024-03-10 06:30 UTC" in text


def build_publication(**counts) -> SimpleNamespace:
    rows = [
        {"table": "leads", "rows_in": 900, "kept": 890, "quarantined": 10, "excluded": 0},
        {"table": "activities", "rows_in": 3320, "kept": 3320, "quarantined": 0, "excluded": 0},
    ]
    told = {"leads_listed": 3, "tiers": {"A": 1, "B": 1, "C": 1}, "rows": rows} | counts
    return SimpleNamespace(number=7, manifest={"as_of": "2024-03-10T06:30:00Z", "counts": told})


def test_a_list_is_shown_with_its_instant_its_tiers_and_what_was_set_aside(shown):
    terminal.show_list(shown.console, build_publication())
    assert shown.text() == (
        "Publication 7: 3 open leads as of 2024-03-10 06:30 UTC, 1 in tier A, 1 in tier B, 1 in "
        "tier C. In quarantine: 10 of 900 leads. See the report."
    )


def test_an_empty_list_says_so(shown):
    terminal.show_list(shown.console, build_publication(leads_listed=0, tiers={}, rows=[]))
    assert shown.text() == "Publication 7: 0 open leads as of 2024-03-10 06:30 UTC."


def build_version(
    number: int, *aliases: str, metrics=None, **decision: object
) -> RegisteredVersion:
    return RegisteredVersion(
        version=number,
        model_sha256="0123456789abcdef",
        run_id="r",
        aliases=aliases,
        metrics=metrics or {},
        params={},
        tags={"known_until": "2024-03-10T00:00:00Z"},
        decision={name: str(value) for name, value in decision.items()},
        spec_sha256="",
        files={},
    )


PROOF = {
    "proof.depth": 0.25,
    "proof.gain": 0.562,
    "proof.most_fresh": 0.413,
    "proof.difference": 0.149,
    "proof.low": 0.12,
    "proof.high": 0.174,
}


def test_versions_are_shown_with_their_gain_who_leads_and_why(shown):
    known = [
        build_version(3, "champion", sentence="Better [by far].", **PROOF),
        build_version(2, "previous", sentence="The first.", rolled_back_from="true", **PROOF),
    ]
    terminal.show_versions(shown.console, known)
    text = shown.text()
    for told in (
        "3 │ in use │ 2024-03-10 │ 25 % │ 56.2 % │ 41.3 % │ +14.9 │",
        "│ +12.0 to +17.4 │",
        "2 │ rolled back │ 2024-03-10",
        "3 (0123456789ab): Better [by far].",
    ):
        assert told in text


@pytest.mark.parametrize(
    ("shown_as", "aliases", "marks"),
    [
        ("in use", ("champion",), {"stepped_down": "true"}),
        ("used before", ("previous",), {}),
        ("demoted", ("previous",), {"stepped_down": "true"}),
        ("rolled back", (), {"rolled_back_from": "true"}),
        ("", (), {}),
    ],
)
def test_the_state_of_a_version_in_words(shown_as, aliases, marks):
    assert terminal.describe_state(build_version(1, *aliases, **marks)) == shown_as


def test_a_version_that_could_not_be_ranked_has_no_figures(shown):
    terminal.show_versions(shown.console, [build_version(1)])
    assert shown.text().count("\N{EN DASH}") == 5


@pytest.mark.parametrize("columns", [80, 120])
def test_the_versions_fit_on_a_screen(monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    told = build_version(12, "previous", sentence="word " * 60, stepped_down="true", **PROOF)
    terminal.show_versions(terminal.build_console(), [told])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert any("+12.0 to +17.4 │" in line for line in lines)


def build_json_publication(**files: object) -> SimpleNamespace:
    """A publication that holds nothing but some JSON files."""
    content = {f"{name}.json": json.dumps(value).encode() for name, value in files.items()}
    return SimpleNamespace(file_names=tuple(content), read=content.__getitem__)


def test_the_state_of_the_model_is_shown_with_its_reasons(shown):
    found = build_json_publication(monitoring=made_up_degraded_watch(), decision=made_up_decision())
    terminal.show_monitoring(shown.console, found, ())
    text = shown.text()
    assert text.startswith("Model 3 is 60 days old and degraded. On the 4 lists since its training")
    assert f"Why: {DEGRADED_REASON}" in text
    assert "up to 14 January 2012, produced model 3" in text


def test_what_was_told_before_is_not_told_again(shown):
    found = build_json_publication(monitoring=made_up_degraded_watch(), decision=made_up_decision())
    terminal.show_monitoring(
        shown.console, found, {DEGRADED_REASON, made_up_decision()["sentence"]}
    )
    text = shown.text()
    assert "Why:" not in text
    assert "The last training" not in text


def test_of_a_publication_from_before_the_watch_nothing_is_told(shown):
    terminal.show_monitoring(shown.console, build_json_publication(), ())
    assert shown.text() == ""


def test_without_versions_the_way_to_one_is_told(shown):
    terminal.show_versions(shown.console, [])
    assert shown.text() == "No model has been trained here yet. Run `leadgain train`."


@pytest.mark.parametrize(
    ("version", "promoted", "told"),
    [
        (None, False, "No model: Too few [of them]."),
        (3, False, "Model version 3 was not put in use. Too few [of them]."),
        (3, True, "Model version 3 is now in use. Too few [of them]."),
    ],
)
def test_a_training_is_told_in_the_words_of_its_decision(shown, version, promoted, told):
    decision = SimpleNamespace(
        version=version, promoted=promoted, sentence="Too few [of them].", reason="requested"
    )
    terminal.show_training(shown.console, SimpleNamespace(decision=decision))
    assert shown.text() == f"Reason for the training: requested. {told}"


def show_reading(*, terminal: bool, verbose: bool = False) -> list[str]:
    """What is printed of one step that reads 13,087 rows."""
    console = Console(file=io.StringIO(), force_terminal=terminal, width=200)
    lines = ProgressLines(console, verbose=verbose)
    with lines, use_listener(lines), step("Reading the export", rows=13_087) as reading:
        reading.advance(1, 2)
    return console.file.getvalue().splitlines()


def test_a_log_gets_one_line_a_step_when_it_is_done():
    (line,) = show_reading(terminal=False)
    assert line.startswith("Reading the export: 0.")


def test_a_terminal_gets_a_bar():
    shown = "".join(show_reading(terminal=True))
    assert "━" in shown
    assert "✓" in shown


@pytest.mark.parametrize("terminal", [True, False])
def test_verbose_shows_versions_rows_and_memory(terminal):
    versions, line = show_reading(terminal=terminal, verbose=True)
    assert versions.startswith("leadgain ")
    assert "lightgbm" in versions
    assert "13,087 rows" in line
    assert "peak memory" in line
