"""Published files are read once, held against the manifest, and never mixed up."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from dashboard.components import publication_cache
from publications.storage.home import Home
from publications.storage.store import Publication, PublicationDamaged
from tests.dashboard.made_up_publications import AS_OF, owned_worklist, publish_made_up

pytestmark = pytest.mark.filterwarnings("ignore:Series.values:DeprecationWarning")


@pytest.fixture
def publication(home: Home) -> Publication:
    return publish_made_up(home)


def test_a_publication_has_what_all_of_its_names_say(publication: Publication) -> None:
    assert publication_cache.has_files(publication, "monitoring.json", "drift.csv")
    assert not publication_cache.has_files(publication, "monitoring.json", "weather.json")


@pytest.mark.parametrize(
    ("name", "read"), [("tiers.csv", "load_table"), ("monitoring.json", "load_json")]
)
def test_a_file_that_is_not_what_was_published_is_not_shown(
    publication: Publication, name: str, read: str
) -> None:
    (publication.folder / name).write_text("other")
    with pytest.raises(PublicationDamaged, match=f"{name} is damaged"):
        getattr(publication_cache, read)(publication, name)


def test_a_file_is_read_once(publication: Publication) -> None:
    first = publication_cache.load_json(publication, "monitoring.json")
    (publication.folder / "monitoring.json").unlink()
    assert publication_cache.load_json(publication, "monitoring.json") is first


def test_the_same_number_in_another_home_is_another_list(home: Home, tmp_path: Path) -> None:
    here = publish_made_up(home)
    there = publish_made_up(Home(tmp_path / "other"), worklist=owned_worklist().head(7))
    assert (here.number, there.number) == (1, 1)
    assert len(publication_cache.load_worklist(here)) == 30
    assert len(publication_cache.load_worklist(there)) == 7


def test_what_a_list_lacks_says_why(home: Home) -> None:
    publication = publish_made_up(home, model=False)
    with pytest.raises(KeyError, match=r"holds no tiers\.csv: there is no model, because 20"):
        publication_cache.load_table(publication, "tiers.csv")


def test_all_leads_are_downloaded_as_published_and_some_are_escaped_alike(home: Home) -> None:
    leads = owned_worklist()
    leads.loc[0, "source"] = "=1+1"
    publication = publish_made_up(home, worklist=leads)
    listed = publication_cache.load_worklist(publication)
    every = pd.RangeIndex(len(listed)).to_numpy()
    published = (publication.folder / "worklist.csv").read_bytes()
    assert publication_cache.prepare_worklist_csv(publication, listed, every)() == published
    some = publication_cache.prepare_worklist_csv(publication, listed, every[:2])()
    assert some == b"".join(published.splitlines(keepends=True)[:3])
    assert b'"\'=1+1"' in some


def test_the_way_of_a_lead_begins_with_its_oldest_list(home: Home) -> None:
    publish_made_up(home, as_of=AS_OF - timedelta(days=1))
    last = publish_made_up(home)
    assert [found.number for found in publication_cache.load_latest_publications(home, last)] == [
        1,
        2,
    ]
    moved = publication_cache.load_lead_history(home, last, "170002")
    assert moved["as_of"].tolist() == [AS_OF - timedelta(days=1), AS_OF]
