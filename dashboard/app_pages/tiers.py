"""What each tier brought on the lists that the model had not seen."""

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.components import publication_cache
from dashboard.components.page_elements import explain_if_missing, list_records, show_chart
from dashboard.components.page_frame import Page, open_page
from publications.charts.gain_charts import draw_tiers_chart
from publications.charts.tier_charts import (
    draw_expected_conversions_chart,
    draw_first_contact_chart,
    draw_tier_sizes_chart,
)
from publications.tables.summaries import collect_tier_sizes, compare_expected_conversions
from publications.wording.formatting import count, percent, percent_interval

if TYPE_CHECKING:
    import pandas as pd

NEEDED_FILES = ("tiers.csv", "backtest.parquet")


def show_tiers(tiers: "pd.DataFrame", opened: Page) -> None:
    """Conversion rate and share of the customers, tier by tier."""
    st.caption(
        f"On past lists that the model had not seen. Converted: became a customer within "
        f"{opened.horizon_days} days of the list. A tier that is no better than chance brings as "
        "many customers as it has leads: its bar ends at the mark."
    )
    show_chart(draw_tiers_chart(tiers, theme=opened.theme, width=480))
    rows = [
        {
            "Tier": f"**{row['tier']}**",
            "Leads": count(row["leads"]),
            "Share of the leads": percent(row["share"], 1),
            "Converted": f"{percent(row['base_rate'], 1)}, band "
            + percent_interval(row["base_rate_low"], row["base_rate_high"], 1),
            "Share of the customers": percent(row["share_of_conversions"], 1),
        }
        for row in list_records(tiers)
    ]
    st.table(rows, border="horizontal", hide_index=True)


def show_expected(tiers: "pd.DataFrame", backtest: "pd.DataFrame", opened: Page) -> None:
    """Whether the scores came true."""
    st.subheader("Did the scores come true?", anchor=False)
    st.caption(
        "The scores of a tier, added up, foretell how many of its leads convert (upright mark). "
        "The dot is how many did, the bar its 95 % band."
    )
    show_chart(
        draw_expected_conversions_chart(
            compare_expected_conversions(backtest, tiers), theme=opened.theme
        )
    )


def show_sizes(opened: Page) -> None:
    """How large the tiers were on the latest lists."""
    st.subheader("Sizes over time", anchor=False)
    publications = publication_cache.load_latest_publications(opened.home, opened.publication)
    sizes = collect_tier_sizes([publication.manifest for publication in publications])
    if sizes.empty:
        st.caption("The lists so far do not say how large their tiers were.")
        return
    show_chart(draw_tier_sizes_chart(sizes, theme=opened.theme))


def show_first_contact(opened: Page) -> None:
    """Conversion by the delay of the first contact, where the export tells it."""
    st.subheader(
        "Conversion by the delay of the first contact",
        help="From the lead's creation to the team's first call or message, as far as it was "
        "known on the day of the list.",
        anchor=False,
    )
    if not publication_cache.has_files(opened.publication, "first_contact.csv"):
        st.caption(
            "The export names no activity as outbound, so nobody knows when a lead was first "
            "contacted. `direction` under [activities] in leadgain.toml says which ones are."
        )
        return
    found = publication_cache.load_table(opened.publication, "first_contact.csv")
    st.markdown(
        "**Observed, not proven:** reps choose whom they call first, so the delay is not the only "
        "thing in which these leads differ."
    )
    show_chart(draw_first_contact_chart(found, theme=opened.theme, width=300))
    with st.expander("As a table"):
        rows = [
            {
                "Tier": f"**{row['tier']}**",
                "First contact after": str(row["delay"]),
                "Leads on the lists": count(row["leads"]),
                "Converted": count(row["conversions"]),
                "Share": f"{percent(row['base_rate'], 1)}, band "
                + percent_interval(row["base_rate_low"], row["base_rate_high"], 1),
            }
            for row in list_records(found)
            if row["leads"]
        ]
        st.table(rows, border="horizontal", hide_index=True)


with open_page("Tiers") as opened:
    if not explain_if_missing(opened, NEEDED_FILES, "what the tiers brought"):
        tiers = publication_cache.load_table(opened.publication, "tiers.csv")
        backtest = publication_cache.load_table(opened.publication, "backtest.parquet")
        show_tiers(tiers, opened)
        show_expected(tiers, backtest, opened)
        show_first_contact(opened)
        show_sizes(opened)
