"""What all pages share: the viewer, the publication, the head and foot, error messages.

Every run of a page uses one publication from its first line to its last, so that no page mixes
two while a newer one is being published.
"""

import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import streamlit as st

from dashboard.access.access_rules import LOCAL_VIEWER, Viewer, find_viewer
from dashboard.access.app_settings import AppSettings, NotStartedByLeadgain
from dashboard.components.list_age import compute_list_age
from publications.charts.theme import Theme
from publications.storage.home import Home
from publications.storage.store import Publication, PublicationDamaged, open_current
from publications.wording.formatting import count, keep_units, minute

LOG = logging.getLogger("leadgain.dashboard")
ICON = Path(__file__).parent / "icon.svg"
WIDE, NARROW = "110rem", "76rem"
STYLE = Path(__file__).parent / "style.css"


@dataclass(frozen=True)
class Page:
    """One run of a page; nothing in it changes until the next run."""

    publication: Publication
    viewer: Viewer
    home: Home
    now: datetime
    theme: Theme

    @property
    def as_of(self) -> datetime:
        """The list's instant."""
        return datetime.fromisoformat(self.publication.manifest["as_of"])

    @property
    def model_version(self) -> int | None:
        """The model that ranked the list; None: there is none."""
        found = self.publication.manifest["model"]["version"]
        return None if found is None else int(found)

    @property
    def no_model_reason(self) -> str:
        """Why there is no model; empty where there is one."""
        return str(self.publication.manifest["model"]["missing_because"] or "")

    @property
    def warnings(self) -> list[str]:
        """The publication's warnings, as sentences."""
        return [str(warning) for warning in self.publication.manifest["warnings"]]

    @property
    def horizon_days(self) -> int:
        """Within so many days a lead must convert to count as a customer."""
        return int(self.publication.manifest["settings"]["lists"]["horizon_days"])

    @property
    def tier_a(self) -> float:
        """The share of a list that is tier A: where the proof is read."""
        return float(self.publication.manifest["settings"]["tiers"]["A"])


@contextmanager
def open_page(title: str, *, wide: bool = False) -> Iterator[Page]:
    """Set up a page with its viewer and the current publication.

    Parameters
    ----------
    title : str
        Shown on top of the page.
    wide : bool
        For a table that needs the whole window; text and charts read better in a narrower column.
    """
    st.set_page_config(page_title=f"{title} · leadgain", page_icon=str(ICON), layout="wide")
    st.logo(str(ICON), size="medium")
    st.html(STYLE)
    st.html(f"<style>.stMainBlockContainer {{ max-width: {WIDE if wide else NARROW}; }}</style>")
    with catch_page_errors():
        opened = _load_page()
        _show_head(title, opened)
        with rerun_if_replaced(opened):
            yield opened
        _show_foot(opened)


@contextmanager
def rerun_if_replaced(opened: Page) -> Iterator[None]:
    """Rerun the page where a file is gone because a newer list has replaced this one."""
    try:
        yield
    except PublicationDamaged:
        if is_replaced(opened):
            st.rerun()
        raise


def is_replaced(opened: Page) -> bool:
    """Whether a newer list has been published since the page was opened."""
    newest = open_current(opened.home)
    return newest is not None and newest.number != opened.publication.number


@contextmanager
def catch_page_errors() -> Iterator[None]:
    """Show one sentence about an error; the log gets the place, no lead's data."""
    try:
        yield
    except NotStartedByLeadgain:
        st.error("Start this app with `leadgain dashboard`.", icon=":material/lock:")
        st.stop()
    except Exception as error:
        show_error(error)
        st.stop()


def show_error(error: Exception) -> bool:
    """Log the place of an error and show one sentence about it; True: it has been handled."""
    _log_error(error)
    if isinstance(error, PublicationDamaged):
        st.error(
            "A file of this list has changed since it was published, so the list is not shown. "
            "`leadgain run` makes a new list; the log names the file.",
            icon=":material/gpp_bad:",
        )
    else:
        st.error(
            "Something went wrong on this page. The list is not affected. Reload the page; if it "
            "happens again, ask your leadgain administrator to look in the log.",
            icon=":material/sentiment_dissatisfied:",
        )
    return True


def detect_theme() -> Theme:
    """The theme that the browser shows."""
    return "dark" if st.context.theme.type == "dark" else "light"


def _load_page() -> Page:
    settings = AppSettings.of(os.environ)
    viewer = LOCAL_VIEWER if settings.roles is None else _require_viewer(settings)
    publication = open_current(settings.home)
    if publication is None:
        _show_first_steps()
        st.stop()
    return Page(publication, viewer, settings.home, settings.read_clock(), detect_theme())


def _require_viewer(settings: AppSettings) -> Viewer:
    """The signed-in viewer from the role table; the page stops for anyone else."""
    assert settings.roles is not None  # noqa: S101 (the caller has looked)
    if not st.user.get("is_logged_in", False):
        st.title("Please sign in")
        st.write("Only members of the team can see the leads.")
        st.button("Sign in", on_click=st.login, type="primary", icon=":material/login:")
        st.stop()
    viewer = find_viewer(settings.roles, dict(st.user))
    if viewer is None:
        st.title("You have no access yet")
        st.write(
            "You are signed in, but your address is not in the dashboard's role table. Ask your "
            "leadgain administrator to add it."
        )
        st.button("Sign out", on_click=st.logout, icon=":material/logout:")
        st.stop()
    return viewer


def _show_first_steps() -> None:
    st.title("Nothing has been published yet")
    st.write("The first list appears here after one of these commands:")
    st.markdown(
        "- `leadgain demo` makes a list from the included example data, in a minute or two;\n"
        "- `leadgain run` makes a list from your own export, once `leadgain.toml` names it."
    )
    st.write("Use the same `--home` as the dashboard, then reload this page.")


def _show_head(title: str, opened: Page) -> None:
    st.title(title, anchor=False)
    listed = opened.publication.manifest["counts"].get("leads_listed")
    age = compute_list_age(opened.as_of, opened.now)
    parts = [f"List of {minute(opened.as_of)}, {age.words} old"]
    if listed is not None and opened.viewer.has_full_access:
        parts.append(count(int(listed), "open lead", "open leads"))
    version = opened.model_version
    parts.append("no model" if version is None else f"ranked by model {version}")
    st.caption(keep_units(" · ".join(parts)))


def _show_foot(opened: Page) -> None:
    if not opened.viewer.address:
        return
    sees = "every lead" if opened.viewer.has_full_access else "your own leads"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Signed in as {opened.viewer.address}; you see {sees}.")
        st.button("Sign out", on_click=st.logout, type="tertiary", icon=":material/logout:")


def _log_error(error: Exception) -> None:
    """Kind and place of an error, without its message: that may quote a lead."""
    places = traceback.StackSummary.from_list(traceback.extract_tb(error.__traceback__))
    named = [f"{Path(place.filename).name}:{place.lineno} in {place.name}" for place in places]
    message = str(error) if isinstance(error, PublicationDamaged) else ""
    LOG.error("%s %s at %s", type(error).__name__, message, " < ".join(reversed(named)))
