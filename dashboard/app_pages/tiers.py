"""What each tier brought on the lists that the model had not seen."""

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.components import reading
from dashboard.components.look import chart, records, without_model
from dashboard.components.page_frame import Page, page
from publications.charts.gain_charts import tiers_chart
from publications.charts.tier_charts import expected_chart, first_contact_chart, tier_sizes_chart
from publications.tables.summaries import expected_conversions, tier_sizes
from publications.wording.formatting import count, percent, percent_band

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("tiers.csv", "backtest.parquet")


def show_tiers(tiers: "pd.DataFrame", opened: Page) -> None:
    """Conversion rate and share of the customers, tier by tier."""
    st.caption(
        f"On past lists that the model had not seen. Converted: became a customer within "
        f"{opened.horizon_days} days of the list. A tier that is no better than chance brings as "
        "many customers as it has leads: its bar ends at the mark."
    )
    chart(tiers_chart(tiers, theme=opened.theme, width=480))
    rows = [
        {
            "Tier": f"**{row['tier']}**",
            "Leads": count(row["leads"]),
            "Share of the leads": percent(row["share"], 1),
            "Converted": f"{percent(row['base_rate'], 1)}, band "
            + percent_band(row["base_rate_low"], row["base_rate_high"], 1),
            "Share of the customers": percent(row["share_of_conversions"], 1),
        }
        for row in records(tiers)
    ]
    st.table(rows, border="horizontal", hide_index=True)


def show_expected(tiers: "pd.DataFrame", backtest: "pd.DataFrame", opened: Page) -> None:
    """Whether the scores came true."""
    st.subheader("Did the scores come true?", anchor=False)
    st.caption(
        "The scores of a tier, added up, foretell how many of its leads convert (upright mark). "
        "The dot is how many did, the bar its 95 % band."
    )
    chart(expected_chart(expected_conversions(backtest, tiers), theme=opened.theme))


def show_sizes(opened: Page) -> None:
    """How large the tiers were on the latest lists."""
    st.subheader("Sizes over time", anchor=False)
    publications = reading.latest(opened.home, opened.publication)
    sizes = tier_sizes([publication.manifest for publication in publications])
    if sizes.empty:
        st.caption("The lists so far do not say how large their tiers were.")
        return
    chart(tier_sizes_chart(sizes, theme=opened.theme))


def show_first_contact(opened: Page) -> None:
    """Conversion by the delay of the first contact, where the export tells it."""
    st.subheader(
        "Conversion by the delay of the first contact",
        help="From the lead's creation to the team's first call or message, as far as it was "
        "known on the day of the list.",
        anchor=False,
    )
    if not reading.has(opened.publication, "first_contact.csv"):
        st.caption(
            "The export names no activity as outbound, so nobody knows when a lead was first "
            "contacted. `direction` under [activities] in leadgain.toml says which ones are."
        )
        return
    found = reading.table(opened.publication, "first_contact.csv")
    st.markdown(
        "**Observed, not proven:** reps choose whom they call first, so the delay is not the only "
        "thing in which these leads differ."
    )
    chart(first_contact_chart(found, theme=opened.theme, width=300))
    with st.expander("As a table"):
        rows = [
            {
                "Tier": f"**{row['tier']}**",
                "First contact after": str(row["delay"]),
                "Leads on the lists": count(row["leads"]),
                "Converted": count(row["conversions"]),
                "Share": f"{percent(row['base_rate'], 1)}, band "
                + percent_band(row["base_rate_low"], row["base_rate_high"], 1),
            }
            for row in records(found)
            if row["leads"]
        ]
        st.table(rows, border="horizontal", hide_index=True)


with page("Tiers") as opened:
    if not without_model(opened, NEEDED, "what the tiers brought"):
        tiers = reading.table(opened.publication, "tiers.csv")
        backtest = reading.table(opened.publication, "backtest.parquet")
        show_tiers(tiers, opened)
        show_expected(tiers, backtest, opened)
        show_first_contact(opened)
        show_sizes(opened)
