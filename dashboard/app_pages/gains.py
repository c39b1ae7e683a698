"""The proof: how many customers a shorter list reaches, and what that saves."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.components import reading
from dashboard.components.look import chart, figures, records, without_model
from dashboard.components.page_frame import Page, page
from publications.charts.gain_charts import gain_chart, lists_chart, to_png, to_svg
from publications.charts.theme import LINES
from publications.tables.summaries import gain_by_list
from publications.wording.capacity import Capacity, at_capacity, average_list
from publications.wording.formatting import count, percent, percent_band, points, points_band
from publications.wording.headline import headline

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("gains.csv", "gain_table.csv", "backtest.parquet")


def ask_capacity(opened: Page, gains: "pd.DataFrame", backtest: "pd.DataFrame") -> Capacity:
    """The slider, and what the curves say at it."""
    of = average_list(backtest)
    longest = max(round(of.leads), 2)
    calls = st.slider(
        "We can work so many leads of each list",
        min_value=1,
        max_value=longest,
        value=max(round(opened.tier_a * of.leads), 1),
        key="calls",
        bind="query-params",
        help=f"The {count(of.lists)} tested lists held {count(longest)} leads on average, and "
        f"{count(round(of.customers), 'customer', 'customers')} each.",
    )
    return at_capacity(gains, of, calls)


def tell(found: Capacity) -> None:
    """What the capacity reaches, as a sentence and as figures."""
    st.markdown(f"#### {found.sentence}")
    cells = {}
    for ranking in ("model", "most_fresh", "random"):
        reached = found.reached[ranking]
        band = f", between {reached.customers_low:,} and {reached.customers_high:,}"
        cells[reached.label] = (
            count(reached.customers, "customer", "customers"),
            f"{percent(reached.share)} of them{band if LINES[ranking].band else ''}",
        )
    more = found.same_calls - found.calls
    cells["For the model's result, most fresh first"] = (
        count(found.same_calls, "call", "calls"),
        f"{count(abs(more))} {'more' if more >= 0 else 'fewer'} than with the model",
    )
    figures(cells)


def show_curves(found: Capacity, gains: "pd.DataFrame", opened: Page) -> None:
    """The gain chart, marked at the capacity."""
    st.subheader("How many customers a shorter list reaches", anchor=False)
    st.caption(
        "Each line is one order of calling. The higher it runs, the more customers the same number "
        "of calls reaches. Shaded: 95 % bands, where the true line lies if chance is allowed for."
    )
    chart(
        gain_chart(gains, depth=found.depth, theme=opened.theme, height=420),
        alt=f"Gain chart. {found.sentence}",
    )


def show_table(gains: "pd.DataFrame", gain_table: "pd.DataFrame", opened: Page) -> None:
    """The gains at few depths, each with its band, and how sure the difference is."""
    st.subheader("In figures", anchor=False)
    rows = []
    for depth in sorted(gain_table["depth"].unique()):
        at = records(gain_table[gain_table["depth"] == depth])
        rows.append(_row_at(float(depth), {row["ranking"]: row for row in at}))
    st.table(rows, border="horizontal", hide_index=True)
    st.caption("Share of the customers reached; below it the 95 % band.")
    proof = headline(gains, gain_table, opened.tier_a)
    certainty = f"{proof.certainty[:1].lower()}{proof.certainty[1:]}"
    st.write(f"At {percent(proof.depth)} of each list {certainty}")


def _row_at(depth: float, of: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """One row of the table; ``of`` is ranking -> its row of gain_table.csv."""
    model, difference = of["model"], points(of["model"]["difference_to_most_fresh"])
    return {
        "Called of each list": percent(depth),
        "Model": _banded(model, "**"),
        "Most fresh first": _banded(of["most_fresh"]),
        "Random order": percent(of["random"]["gain"], 1),
        "Perfect order": percent(of["perfect"]["gain"], 1),
        "Model against most fresh": f"{difference}  \n"
        + points_band(model["difference_low"], model["difference_high"]),
    }


def _banded(row: Mapping[str, Any], mark: str = "") -> str:
    band = percent_band(row["gain_low"], row["gain_high"], 1)
    return f"{mark}{percent(row['gain'], 1)}{mark}  \n{band}"


def show_lists(found: Capacity, backtest: "pd.DataFrame", opened: Page) -> None:
    """The gain list by list, so that a model that fades shows."""
    st.subheader("List by list", anchor=False)
    st.caption(
        "The same share of each list called. A model that fades comes closer to most fresh first "
        "from list to list."
    )
    by_list = gain_by_list(backtest, found.depth)
    chart(lists_chart(by_list, depth=found.depth, theme=opened.theme, height=240))


def offer_downloads(found: Capacity, gains: "pd.DataFrame", opened: Page) -> None:
    """The chart as drawn, and the figures behind it."""
    drawn = gain_chart(gains, depth=found.depth, title="Customers reached by calling a share")
    read = opened.publication.read
    files = (
        ("Chart, PNG", "gains.png", "image/png", partial(to_png, drawn)),
        ("Chart, SVG", "gains.svg", "image/svg+xml", lambda: to_svg(drawn).encode()),
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


with page("Gains") as opened:
    if not without_model(opened, NEEDED, "the gain curves"):
        gains = reading.table(opened.publication, "gains.csv")
        gain_table = reading.table(opened.publication, "gain_table.csv")
        backtest = reading.table(opened.publication, "backtest.parquet")
        found = ask_capacity(opened, gains, backtest)
        tell(found)
        show_curves(found, gains, opened)
        offer_downloads(found, gains, opened)
        show_table(gains, gain_table, opened)
        show_lists(found, backtest, opened)
