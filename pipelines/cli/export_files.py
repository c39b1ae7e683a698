"""Published tables, the report and the training matrix, written where the user wants them."""

from pathlib import Path
from typing import TYPE_CHECKING

from crm.errors import ConfigurationError
from publications.filesystem.durable_files import write_durably
from publications.tables.read_write import encode_table
from publications.tables.safe_csv import encode_csv

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.config.run_request import RunRequest
    from publications.storage.store import Publication

SOURCES = {"worklist": "worklist.parquet", "gains": "gains.csv", "tiers": "tiers.csv"}
ENDINGS = (".csv", ".parquet")
SEPARATORS = (",", ";", "\t")


def export_table(
    publication: "Publication", what: str, to: Path, *, separator: str = ",", excel: bool = False
) -> int:
    """Write a published table as CSV or Parquet.

    Parameters
    ----------
    what : worklist, gains or tiers
    to : ends in .csv or .parquet; replaced if it is there
    separator : of a CSV: a comma, a semicolon or a tab
    excel : mark a CSV as UTF-8, which Excel needs

    Returns
    -------
    How many rows were written.

    Raises
    ------
    ConfigurationError
        Another ending or separator, no such folder, or a publication without a model, which has
        no such table.
    """
    _refuse_odd_ending(to)
    _refuse_missing_folder(to)
    if separator not in SEPARATORS:
        raise ConfigurationError(
            f"--separator is {separator!r}; it must be a comma, a semicolon or a tab."
        )
    name = SOURCES[what]
    if name not in publication.file_names:
        reason = publication.manifest["model"]["missing_because"]
        raise ConfigurationError(
            f"Publication {publication.number} was made without a model, so it has no {what}: "
            f"{reason}"
        )
    frame = publication.table(name)
    _write_frame(frame, to, separator=separator, excel=excel)
    return len(frame)


def export_report(publication: "Publication", to: Path) -> None:
    """Write the report of a publication; ``to`` is replaced if it is there.

    Raises
    ------
    ConfigurationError
        There is no such folder.
    """
    _refuse_missing_folder(to)
    write_durably(to, publication.read("report.html"))


def export_matrix(request: "RunRequest", to: Path) -> tuple[int, int]:
    """Write every matured snapshot with its label and its features.

    Returns
    -------
    How many rows and how many features were written.

    Raises
    ------
    ConfigurationError
        Another ending, or no such folder.
    DataRefused
        The export cannot be read.
    """
    import pandas as pd

    from crm.reading.export_reader import read_export
    from features.snapshots import build_training_snapshots
    from pipelines.data.dataset import compute_matrix, learn_vocabulary_until
    from pipelines.runtime.progress import step

    _refuse_odd_ending(to)
    _refuse_missing_folder(to)
    with step("Reading the export"):
        read = read_export(request.settings.mapping, now=request.now)
    list_as_of = request.resolve_list_as_of(read.last_instant)
    with step("Building the matrix"):
        known_until = min(list_as_of, read.last_instant)
        snapshots = build_training_snapshots(read.leads, as_of=known_until, policy=request.policy)
        vocabulary = learn_vocabulary_until(list_as_of, read)
        X = compute_matrix(snapshots, read, vocabulary, request.settings.training.threads)
    with step("Writing"):
        labelled = snapshots[["lead_id", "as_of", "list_date", "converted"]]
        _write_frame(pd.concat([labelled, X], axis=1), to)
    return X.shape


def _refuse_odd_ending(to: Path) -> None:
    if to.suffix not in ENDINGS:
        raise ConfigurationError(
            f"{to} ends in {to.suffix or 'nothing'!r}; --to wants a file that ends in "
            f"{' or '.join(ENDINGS)}."
        )


def _refuse_missing_folder(to: Path) -> None:
    if not to.absolute().parent.is_dir():
        raise ConfigurationError(f"The folder {to.absolute().parent} is not there. Make it first.")


def _write_frame(
    frame: "pd.DataFrame", to: Path, *, separator: str = ",", excel: bool = False
) -> None:
    if to.suffix == ".csv":
        write_durably(to, encode_csv(frame, separator=separator, bom=excel))
    else:
        write_durably(to, encode_table(frame, to.name))
