"""The gate: whole tables are judged by Great Expectations before anything is made of them."""

import json
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from crm.checks.check import Check, Frame, Gate
from crm.checks.measured_checks import SIZE_RULE
from crm.checks.table_checks import build_checks, summarize_activities
from crm.errors import DataRefused
from crm.export import Export
from crm.mapping import Mapping as ExportMapping

__all__ = ["DataChecks", "Gate", "check_export"]

SETTINGS = {
    "result_format": "BASIC",
    "exclude_unexpected_values": True,
    "partial_unexpected_count": 0,
}
"""Counts only: no value of the export may stand in a result."""


@dataclass(frozen=True)
class DataChecks:
    """What the gate said.

    Attributes
    ----------
    results : one plain dictionary a check: ``table``, ``column``, ``rule``, ``severity``,
        ``passed``, ``observed``, ``expected``, ``message``
    content : what ``data_checks.json`` says but for the instants, the results among it
    """

    results: list[dict[str, Any]]
    content: dict[str, Any]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Checks that do not hold and stop the run."""
        return [r for r in self.results if not r["passed"] and r["severity"] == "error"]

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """Checks that do not hold and are published."""
        return [r for r in self.results if not r["passed"] and r["severity"] == "warning"]

    def raise_for_errors(self) -> None:
        """Stop if an error was found.

        Raises
        ------
        DataRefused
            One paragraph: what, where, how many, what to do.
        """
        errors = self.errors
        if not errors:
            return
        told = " ".join(error["message"] for error in errors)
        raise DataRefused(f"The export does not pass {len(errors)} check(s). {told}")


def check_export(
    export: Export,
    mapping: ExportMapping,
    *,
    gate: Gate,
    as_of: pd.Timestamp,
    now: pd.Timestamp,
    previous_rows: Mapping[str, int] | None = None,
) -> DataChecks:
    """Judge an export as a whole.

    Parameters
    ----------
    gate : how much may be wrong; with ``max_stale_days`` None nobody minds the export's age
    as_of, now : aware; the instant at which the export is looked at, and the clock
    previous_rows : table -> rows kept in the runs before (their median, say); None if unknown

    Returns
    -------
    The checks, held or not; nothing is raised until ``raise_for_errors``.
    """
    checks = build_checks(export, mapping, gate, as_of, now, previous_rows)
    measures = {c.arguments["column"]: [c.value] for c in checks if c.frame == "measures"}
    frames: dict[Frame, pd.DataFrame] = {
        "leads": export.leads,
        "activities": summarize_activities(export.activities),
        "measures": pd.DataFrame(measures, dtype="float64"),
    }
    verdicts = judge_checks(checks, frames)
    results = [
        _describe_result(check, *verdict) for check, verdict in zip(checks, verdicts, strict=True)
    ]
    return DataChecks(results, _build_content(export, results))


def judge_checks(
    checks: Sequence[Check], frames: Mapping[Frame, pd.DataFrame]
) -> list[tuple[bool, int]]:
    """Whether each check holds, and how many rows do not fulfil it, by Great Expectations.

    Raises
    ------
    RuntimeError
        Great Expectations could not evaluate a check: a fault of ours.
    """
    with _silence_great_expectations():
        import great_expectations as gx

        context = gx.get_context(mode="ephemeral")
        context.enable_analytics(False)
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        source = context.data_sources.add_pandas("export")
        verdicts: dict[int, tuple[bool, int]] = {}
        for name, frame in frames.items():
            suite = _build_suite(gx, name, checks)
            if not suite.expectations:
                continue
            asset = source.add_dataframe_asset(name)
            batch = asset.add_batch_definition_whole_dataframe("whole").get_batch(
                batch_parameters={"dataframe": frame}
            )
            outcome = batch.validate(suite, result_format=SETTINGS)
            verdicts |= {
                r.expectation_config.meta["check"]: _read_result(r) for r in outcome.results
            }
    return [verdicts[number] for number in range(len(checks))]


def _build_suite(gx: Any, frame: Frame, checks: Sequence[Check]) -> Any:
    """The Great Expectations suite of one frame; each expectation knows its check's number."""
    configured = gx.expectations.expectation.ExpectationConfiguration
    return gx.ExpectationSuite(
        name=frame,
        expectations=[
            configured(
                type=check.expectation, kwargs=check.arguments, meta={"check": number}
            ).to_domain_obj()
            for number, check in enumerate(checks)
            if check.frame == frame
        ],
    )


def _read_result(result: Any) -> tuple[bool, int]:
    """Whether the expectation holds, and how many rows do not fulfil it."""
    if result.exception_info.get("raised_exception", False):
        raise RuntimeError(
            f"{result.expectation_config.type} could not be evaluated: "
            f"{result.exception_info.get('exception_message')}"
        )
    return bool(result.success), int(result.result.get("unexpected_count", 0))


@contextmanager
def _silence_great_expectations() -> Iterator[None]:
    """No telemetry, no warnings about Great Expectations' own insides, no log lines."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logger = logging.getLogger("great_expectations")
    nowhere, propagates = logging.NullHandler(), logger.propagate
    logger.addHandler(nowhere)
    logger.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(nowhere)
        logger.propagate = propagates


def _describe_result(check: Check, passed: bool, failing: int) -> dict[str, Any]:
    """A check and what became of it, as plain JSON values."""
    observed: float | str = failing if check.value is None else round(check.value, 6)
    message = f"Holds: {check.expected}."
    return {
        "table": check.table,
        "column": check.column,
        "rule": check.rule,
        "severity": check.severity,
        "passed": passed,
        "observed": check.shown or observed,
        "expected": check.expected,
        "message": message if passed else check.failure.replace("{rows}", f"{failing:,}"),
    }


def _build_content(export: Export, results: list[dict[str, Any]]) -> dict[str, Any]:
    """What ``data_checks.json`` holds: nothing that changes from run to run on the same export.

    So the size against other exports is not among it; where it is wrong nothing is published.
    """
    causes = export.quarantine.groupby(["table", "file", "column", "rule", "reason"])["line"]
    return {
        "passed": all(r["passed"] or r["severity"] != "error" for r in results),
        "checks": [r for r in results if r["rule"] != SIZE_RULE],
        "tables": json.loads(export.counts.to_json(orient="records")),
        "quarantine": json.loads(
            causes.agg(rows="size", first_line="min").reset_index().to_json(orient="records")
        ),
        "profile": [asdict(column) for column in export.profile],
        "findings": [asdict(finding) for finding in export.findings],
    }
