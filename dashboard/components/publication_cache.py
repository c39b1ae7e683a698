# ruff: noqa: ARG001  (unread arguments are the keys of the caches)
"""Published files, read once each and checked against the manifest before they are shown.

Everything is cached by its hash and never changed: sessions share it.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.components.worklist_query import Rows, Worklist
from publications.storage.history import collect_lead_history, open_latest_publications
from publications.storage.home import Home
from publications.storage.store import Publication

if TYPE_CHECKING:
    import pandas as pd

CACHED_TABLES = 60
CACHED_WORKLISTS = 2
"""The current one, and the one before it for clicks that are still being answered."""


def has_files(publication: Publication, *names: str) -> bool:
    """Whether a publication holds all of these files; older ones lack some."""
    return set(names) <= set(publication.file_names)


def load_worklist(publication: Publication) -> Worklist:
    """The list, ready to be filtered; raises as ``Publication.read`` does."""
    return _read_worklist(*_identify_file(publication, "worklist.parquet"), publication)


def prepare_worklist_csv(
    publication: Publication, listed: Worklist, rows: Rows
) -> Callable[[], bytes]:
    """Give the escaped CSV of some leads when it is asked for; of all leads the published file."""
    if len(rows) == len(listed):
        return lambda: publication.read("worklist.csv")
    return lambda: listed.build_csv(rows)


def load_latest_publications(home: Home, publication: Publication) -> list[Publication]:
    """The publications up to this one, oldest first."""
    return _open_latest_publications(str(home.folder), publication.number, home, publication)


def load_lead_history(home: Home, publication: Publication, lead_id: str) -> "pd.DataFrame":
    """A lead's ranks on the latest lists, as from ``history.collect_lead_history``."""
    return _collect_lead_history(str(home.folder), publication.number, lead_id, home, publication)


def load_table(publication: Publication, name: str) -> "pd.DataFrame":
    """A published table, not to be changed; raises as ``Publication.table`` does."""
    return _read_table(*_identify_file(publication, name), publication)


def load_json(publication: Publication, name: str) -> Any:
    """A published JSON file, not to be changed; raises as ``Publication.read`` does."""
    return _read_json(*_identify_file(publication, name), publication)


def _identify_file(publication: Publication, name: str) -> tuple[str, str, str]:
    described = publication.manifest["files"].get(name)
    if described is None:
        publication.read(name)  # says that there is none, and why
    return str(publication.folder), name, described["sha256"]


@st.cache_resource(max_entries=CACHED_WORKLISTS, show_spinner=False)
def _read_worklist(folder: str, name: str, sha256: str, _publication: Publication) -> Worklist:
    return Worklist(_publication.read(name))


@st.cache_resource(max_entries=CACHED_TABLES, show_spinner="Reading earlier lists")
def _collect_lead_history(
    folder: str, number: int, lead_id: str, _home: Home, _publication: Publication
) -> "pd.DataFrame":
    return collect_lead_history(load_latest_publications(_home, _publication), lead_id)


@st.cache_resource(max_entries=CACHED_WORKLISTS, show_spinner=False)
def _open_latest_publications(
    folder: str, number: int, _home: Home, _publication: Publication
) -> list[Publication]:
    return open_latest_publications(_home, _publication)


@st.cache_resource(max_entries=CACHED_TABLES, show_spinner=False)
def _read_table(folder: str, name: str, sha256: str, _publication: Publication) -> "pd.DataFrame":
    return _publication.table(name)


@st.cache_resource(max_entries=CACHED_TABLES, show_spinner=False)
def _read_json(folder: str, name: str, sha256: str, _publication: Publication) -> Any:
    return json.loads(_publication.read(name))
