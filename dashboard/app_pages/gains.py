"""The proof: how many customers a shorter list reaches, and the calls it saves."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.components import publication_cache
from dashboard.components.page_elements import (
    explain_if_missing,
    show_caption,
    show_chart,
    show_figures,
    show_table,
    show_text,
)
from dashboard.components.page_frame import Page, open_page
from publications.charts.gain_charts import (
    draw_gain_chart,
    draw_lists_chart,
    render_png,
    render_svg,
)
from publications.charts.theme import LINES
from publications.schema import RANKING_NAMES
from publications.tables.summaries import compute_gain_by_list, list_records
from publications.wording.capacity import Capacity, compute_average_list, compute_capacity
from publications.wording.formatting import (
    count,
    keep_units,
    percent,
    percent_interval,
    points,
    points_interval,
)
from publications.wording.headline import build_headline

if TYPE_CHECKING:
    import pandas as pd

NEEDED_FILES = ("gains.csv", "gain_table.csv", "backtest.parquet")


def ask_capacity(opened: Page, gains: "pd.DataFrame", backtest: "pd.DataFrame") -> Capacity:
    """The slider, and the figures of the curves there."""
    of = compute_average_list(backtest)
    longest = max(round(of.leads), 2)
    calls = st.slider(
        "How many leads of each list can you work?",
        min_value=1,
        max_value=longest,
        value=max(round(opened.tier_a * of.leads), 1),
        key="calls",
        bind="query-params",
        help=keep_units(
            f"The {count(of.lists, 'past list', 'past lists')} had {count(longest)} leads and "
            f"{count(round(of.customers), 'customer', 'customers')} on average."
        ),
    )
    return compute_capacity(gains, of, calls)


def show_capacity(found: Capacity) -> None:
    """What the capacity reaches, as a sentence and as figures."""
    show_text(f"#### {found.sentence}")
    cells = {}
    for ranking in ("model", "most_fresh", "random"):
        reached = found.results_by_ranking[ranking]
        interval = f", between {reached.customers_low:,} and {reached.customers_high:,}"
        cells[reached.label] = (
            count(reached.customers, "customer", "customers"),
            f"{percent(reached.share)} of them{interval if LINES[ranking].interval else ''}",
        )
    more = found.most_fresh_calls - found.calls
    cells["Most fresh first, same result"] = (
        count(found.most_fresh_calls, "call", "calls"),
        f"{count(abs(more))} {'more' if more >= 0 else 'fewer'} than with leadgain",
    )
    show_figures(cells)


def show_curves(found: Capacity, gains: "pd.DataFrame", opened: Page) -> None:
    """The gain chart, marked at the capacity."""
    st.subheader("How many customers a shorter list reaches", anchor=False)
    show_caption(
        "Each line is one order of calling. The higher it runs, the more customers the same number "
        "of calls reaches. Shaded: 95 % range, how much the line could vary by chance."
    )
    show_chart(
        draw_gain_chart(gains, depth=found.depth, theme=opened.theme, height=420),
        alt=f"Gain chart. {found.sentence}",
    )


def show_gain_table(gains: "pd.DataFrame", gain_table: "pd.DataFrame", opened: Page) -> None:
    """The gains at few depths, each with its interval, and the verdict on the difference."""
    st.subheader("Gains as a table", anchor=False)
    rows = []
    for depth in sorted(gain_table["depth"].unique()):
        at = list_records(gain_table[gain_table["depth"] == depth])
        rows.append(_build_row(float(depth), {row["ranking"]: row for row in at}))
    show_table(rows)
    show_caption("Share of the customers reached, with the 95 % range.")
    proof = build_headline(gains, gain_table, opened.tier_a)
    certainty = f"{proof.certainty[:1].lower()}{proof.certainty[1:]}"
    show_text(f"At {percent(proof.depth)} of each list {certainty}")


def _build_row(depth: float, of: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """One row of the table; ``of`` is ranking -> its row of gain_table.csv."""
    model, difference = of["model"], points(of["model"]["difference_to_most_fresh"])
    return {
        "Share of the list called": percent(depth),
        RANKING_NAMES["model"]: _format_gain(model, "**"),
        RANKING_NAMES["most_fresh"]: _format_gain(of["most_fresh"]),
        RANKING_NAMES["random"]: percent(of["random"]["gain"], 1),
        RANKING_NAMES["perfect"]: percent(of["perfect"]["gain"], 1),
        "leadgain minus most fresh first": f"{difference}  \n"
        + points_interval(model["difference_low"], model["difference_high"]),
    }


def _format_gain(row: Mapping[str, Any], mark: str = "") -> str:
    interval = percent_interval(row["gain_low"], row["gain_high"], 1)
    return f"{mark}{percent(row['gain'], 1)}{mark}  \n{interval}"


def show_lists(found: Capacity, backtest: "pd.DataFrame", opened: Page) -> None:
    """The gain list by list, so that a model in decline shows."""
    st.subheader("List by list", anchor=False)
    show_caption(
        "The same share of each list called. If the two lines come closer from list to list, the "
        "model is losing its advantage."
    )
    by_list = compute_gain_by_list(backtest, found.depth)
    show_chart(draw_lists_chart(by_list, depth=found.depth, theme=opened.theme, height=240))


def offer_downloads(found: Capacity, gains: "pd.DataFrame", opened: Page) -> None:
    """The chart as drawn, and the figures behind it."""
    drawn = draw_gain_chart(gains, depth=found.depth, title="Share of the customers reached")
    read = opened.publication.read
    files = (
        ("Chart, PNG", "gains.png", "image/png", partial(render_png, drawn)),
        ("Chart, SVG", "gains.svg", "image/svg+xml", lambda: render_svg(drawn).encode()),
        ("Curves, CSV", "gains.csv", "text/csv", partial(read, "gains.csv")),
        ("Table, CSV", "gain_table.csv", "text/csv", partial(read, "gain_table.csv")),
    )
    with st.container(horizontal=True):
        for words, name, mime, content in files:
            st.download_button(
                words,
                data=content,
                file_name=name,
                mime=mime,
                on_click="ignore",
                icon=":material/download:",
                key=f"download {name}",
            )


with open_page("Gains") as opened:
    if not explain_if_missing(opened, NEEDED_FILES, "the gain curves"):
        gains = publication_cache.load_table(opened.publication, "gains.csv")
        gain_table = publication_cache.load_table(opened.publication, "gain_table.csv")
        backtest = publication_cache.load_table(opened.publication, "backtest.parquet")
        found = ask_capacity(opened, gains, backtest)
        show_capacity(found)
        show_curves(found, gains, opened)
        offer_downloads(found, gains, opened)
        show_gain_table(gains, gain_table, opened)
        show_lists(found, backtest, opened)
