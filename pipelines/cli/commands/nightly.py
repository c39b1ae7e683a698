"""The work of a night, as a whole and step by step."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.cli.options import (
    CONFIG,
    HOME,
    AgainOption,
    AnySizeOption,
    AsOfOption,
    ConfigOption,
    HomeOption,
    TrainOption,
)
from pipelines.cli.session import open_flow_session, require_outcome

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.publishing.publish import PublishedList


def demo(home: HomeOption = HOME) -> None:
    """Run everything on 13,087 real loan applications.

    They come with leadgain.
    """
    from pipelines.cli.sample_data import find_demo_config

    _run_nightly(find_demo_config(), home, None, warn_when_stale=False, train_anyway=True)


def run(
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    as_of: AsOfOption = None,
    train_anyway: TrainOption = False,
    any_size: AnySizeOption = False,
    again: AgainOption = False,
) -> None:
    """Check the export, train if due, score and publish."""
    _run_nightly(
        config,
        home,
        as_of,
        warn_when_stale=True,
        train_anyway=train_anyway,
        any_size=any_size,
        again=again,
    )


def check(
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    as_of: AsOfOption = None,
    any_size: AnySizeOption = False,
) -> None:
    """Check whether the export can be trusted.

    Nothing is published.
    """
    options = {"any_size": any_size}
    with open_flow_session("check", config, home, as_of, **options) as (console, request):
        from pipelines.cli.output import show_checks
        from pipelines.flows.check import check as flow

        checked = flow(request)
    show_checks(console, checked)


def train(
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    as_of: AsOfOption = None,
    any_size: AnySizeOption = False,
) -> None:
    """Train a model and promote it unless it is worse.

    It is tested on past lists that it has not seen.
    """
    options = {"any_size": any_size}
    with open_flow_session("train", config, home, as_of, **options) as (console, request):
        from pipelines.cli.output import show_training
        from pipelines.flows.train import train as flow

        training = require_outcome(flow(request))
    show_training(console, training)


def score(
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    as_of: AsOfOption = None,
    any_size: AnySizeOption = False,
    again: AgainOption = False,
) -> None:
    """Score today's open leads and publish the list.

    The model in use is not changed.
    """
    options = {"any_size": any_size, "publish_unchanged": again}
    with open_flow_session("score", config, home, as_of, **options) as (console, request):
        from pipelines.flows.score import score as flow

        listing = flow(request)
    _show_published_list(console, listing, home)


def _run_nightly(
    config: Path,
    home: Path,
    as_of: str | None,
    *,
    warn_when_stale: bool,
    train_anyway: bool,
    any_size: bool = False,
    again: bool = False,
) -> None:
    options = {
        "warn_when_stale": warn_when_stale,
        "train_anyway": train_anyway,
        "any_size": any_size,
        "publish_unchanged": again,
    }
    with open_flow_session("run", config, home, as_of, **options) as (console, request):
        from pipelines.cli.output import show_training
        from pipelines.flows.nightly import run as flow

        night = require_outcome(flow(request))
    already_shown = ""
    if night.training is not None:
        show_training(console, night.training)
        already_shown = night.training.decision.sentence
    _show_published_list(console, night.listing, home, already_shown)


def _show_published_list(
    console: "Console", listing: "PublishedList", home: Path, already_shown: str = ""
) -> None:
    from pipelines.cli.output import show_published_list
    from pipelines.config.run_request import resolve_home

    show_published_list(console, listing, resolve_home(home), already_shown)
