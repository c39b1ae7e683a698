"""Who may look into the home folder."""

from pathlib import Path

import pytest

from publications.storage.home import Home
from publications.storage.lock import hold_home


def read_permissions(folder: Path) -> int:
    return folder.stat().st_mode & 0o777


def hold(home: Home) -> None:
    with hold_home(home):
        pass


@pytest.mark.parametrize("make", [lambda home: home.make(home.logs), hold])
def test_a_new_home_folder_is_for_its_owner_alone(make, tmp_path: Path) -> None:
    home = Home(tmp_path / "new" / "home")
    make(home)
    assert read_permissions(home.folder) == 0o700
    assert any(home.folder.iterdir())


def test_a_home_folder_that_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    """As where a group reads the lists."""
    home = Home(tmp_path / "home")
    home.folder.mkdir()
    home.folder.chmod(0o750)
    hold(home)
    assert read_permissions(home.folder) == 0o750
