"""The results of each tier on the lists that the model had not seen."""

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.components import publication_cache
from dashboard.components.page_elements import (
    explain_if_missing,
    show_caption,
    show_chart,
    show_table,
)
from dashboard.components.page_frame import Page, open_page
from publications.charts.gain_charts import draw_tiers_chart
from publications.charts.tier_charts import (
    draw_expected_conversions_chart,
    draw_first_contact_chart,
    draw_tier_sizes_chart,
)
from publications.tables.summaries import (
    collect_tier_sizes,
    compare_expected_conversions,
    list_records,
)
from publications.wording.formatting import count, percent, percent_interval

if TYPE_CHECKING:
    import pandas as pd

NEEDED_FILES = ("tiers.csv", "backtest.parquet")


def show_tiers(tiers: "pd.DataFrame", opened: Page) -> None:
    """Conversion rate and share of the customers, tier by tier."""
    show_caption(
        "On past lists that the model had not seen. Converted: became a customer within "
        f"{opened.horizon_days} days of the list. A tier no better than chance has the same share "
        "of the customers as of the leads: its bar ends at the mark."
    )
    show_chart(draw_tiers_chart(tiers, theme=opened.theme, width=480))
    rows = [
        {
            "Tier": f"**{row['tier']}**",
            "Leads": count(row["leads"]),
            "Share of the leads": percent(row["share"], 1),
            "Converted": f"{percent(row['base_rate'], 1)}, 95 % range "
            + percent_interval(row["base_rate_low"], row["base_rate_high"], 1),
            "Share of the customers": percent(row["share_of_conversions"], 1),
        }
        for row in list_records(tiers)
    ]
    show_table(rows)


def show_expected(tiers: "pd.DataFrame", backtest: "pd.DataFrame", opened: Page) -> None:
    """The predicted and the actual conversions."""
    st.subheader("Were the scores right?", anchor=False)
    show_caption(
        "The tier's scores add up to the expected number of conversions (upright mark). The dot is "
        "the actual number, the bar its 95 % range."
    )
    show_chart(
        draw_expected_conversions_chart(
            compare_expected_conversions(backtest, tiers), theme=opened.theme
        )
    )


def show_sizes(opened: Page) -> None:
    """How large the tiers were on the latest lists."""
    st.subheader("Tier sizes over time", anchor=False)
    publications = publication_cache.load_latest_publications(opened.home, opened.publication)
    sizes = collect_tier_sizes([publication.manifest for publication in publications])
    if sizes.empty:
        st.caption("The lists so far do not include tier sizes.")
        return
    show_chart(draw_tier_sizes_chart(sizes, theme=opened.theme))


def show_first_contact(opened: Page) -> None:
    """Conversion by the delay of the first contact, where the export has outbound activities."""
    st.subheader(
        "Conversion by time to first contact",
        help="From creation to the team's first call or message known on the list's day.",
        anchor=False,
    )
    if not publication_cache.has_files(opened.publication, "first_contact.csv"):
        st.caption(
            "The export has no outbound activities, so the time to first contact is not known. Set "
            "`direction` under [activities] in leadgain.toml."
        )
        return
    found = publication_cache.load_table(opened.publication, "first_contact.csv")
    st.markdown(
        "**Observed, not proven:** reps choose who to call first, so these leads differ in more "
        "than the delay."
    )
    show_chart(draw_first_contact_chart(found, theme=opened.theme, width=300))
    with st.expander("As a table"):
        rows = [
            {
                "Tier": f"**{row['tier']}**",
                "First contact after": str(row["delay"]),
                "Leads on the lists": count(row["leads"]),
                "Converted": count(row["conversions"]),
                "Share": f"{percent(row['base_rate'], 1)}, 95 % range "
                + percent_interval(row["base_rate_low"], row["base_rate_high"], 1),
            }
            for row in list_records(found)
            if row["leads"]
        ]
        show_table(rows)


with open_page("Tiers") as opened:
    if not explain_if_missing(opened, NEEDED_FILES, "what the tiers brought"):
        tiers = publication_cache.load_table(opened.publication, "tiers.csv")
        backtest = publication_cache.load_table(opened.publication, "backtest.parquet")
        show_tiers(tiers, opened)
        show_expected(tiers, backtest, opened)
        show_first_contact(opened)
        show_sizes(opened)
