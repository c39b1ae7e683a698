"""The files of a simulated export: written aside, then moved into place, leadgain.toml last."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crm.contract import DIRECTIONS
from crm.errors import ConfigurationError
from crm.simulator.activities import N_REPS, NO_REP, TYPE_DIRECTIONS, TYPE_NAMES, Activities
from crm.simulator.ground_truth import LIST_DAYS
from crm.simulator.profiles import PROFILE_KINDS, Numbers

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

LEADS_FILE = "leads.csv"
ACTIVITIES_FILE = "activities.parquet"
TRUTH_FILE = "truth/true_probabilities.parquet"
CONFIGURATION_FILE = "leadgain.toml"
EXPORT_FILES = (LEADS_FILE, ACTIVITIES_FILE, TRUTH_FILE, CONFIGURATION_FILE)
"""In the order in which they are moved into place: without the last there is no export yet."""
WORK_FOLDER = ".simulating"

CONFIGURATION_MARK = "# A simulated CRM, written by `leadgain simulate` (see docs/simulation.md)."
PROFILE_TOML = "\n".join(f'{name} = "{kind}"' for name, kind in PROFILE_KINDS.items())
CONFIGURATION = f"""{CONFIGURATION_MARK}
# The true probabilities lie apart, in truth/; nothing here reads them.
[export]
folder = "."
timezone = "UTC"

[leads]
file = "{LEADS_FILE}"
owner_id = "owner_id"

[leads.profile]
{PROFILE_TOML}

[activities]
file = "{ACTIVITIES_FILE}"
direction = "direction"
rep_id = "rep_id"

[lists]
policy = "periodic"
every_days = {LIST_DAYS}
horizon_days = {LIST_DAYS}
max_age_days = 730                      # longer than the simulated time: no open lead is left out

[freshness]
by = "created"                          # the team calls the newest lead first
"""

REP_NAMES = np.array([f"rep_{number:02d}" for number in range(1, N_REPS + 1)])


class ExportWriter:
    """Takes the activities and the truth list by list, and the leads at the end."""

    def __init__(self, work: Path, files: ExitStack) -> None:
        from pyarrow import parquet

        def opened(name: str, schema: "pa.Schema") -> Any:
            return files.enter_context(
                parquet.ParquetWriter(
                    work / name,
                    schema,
                    compression="zstd",
                    dictionary_pagesize_limit=2**27,  # a list's ids are one dictionary
                )
            )

        self._work = work
        self._activities = opened(ACTIVITIES_FILE, _build_activities_schema())
        self._truth = opened(TRUTH_FILE, _build_truth_schema())

    def add_activities(self, lead_id: "NDArray[np.str_]", activities: Activities) -> None:
        """Write activities in the order given; ``lead_id`` is indexed by their ``lead``."""
        import pyarrow as pa

        used, place = np.unique(activities.lead, return_inverse=True)
        direction = TYPE_DIRECTIONS[activities.type]
        columns = [
            _encode_texts(place, lead_id[used]),
            _convert_instants(activities.at),
            _encode_texts(activities.type, np.array(TYPE_NAMES)),
            _encode_texts(direction, np.array(DIRECTIONS)),
            _encode_texts(activities.rep, REP_NAMES),
        ]
        self._activities.write_table(pa.table(columns, schema=_build_activities_schema()))

    def add_truth(self, lead_id: "NDArray[np.str_]", list_date: int, probability: Numbers) -> None:
        """Write the true probabilities of one list."""
        import pyarrow as pa

        as_of = np.full(len(lead_id), list_date)
        columns = [pa.array(lead_id), _convert_instants(as_of), pa.array(probability)]
        self._truth.write_table(pa.table(columns, schema=_build_truth_schema()))

    def write_leads(self, leads: pd.DataFrame) -> None:
        """Write the leads as CSV: instants as ISO 8601 with ``Z``, missing values empty."""
        import pyarrow as pa
        from pyarrow import csv

        table = pa.table({str(name): _format_column(column) for name, column in leads.items()})
        with (self._work / LEADS_FILE).open("wb") as file:
            file.write((",".join(table.column_names) + "\n").encode())
            plain = csv.WriteOptions(include_header=False, quoting_style="none")
            csv.write_csv(table, file, plain)


@contextmanager
def open_export_writer(folder: Path) -> Iterator[ExportWriter]:
    """A writer whose files appear in the folder, all together, when the block ends well.

    Raises
    ------
    ConfigurationError
        The folder is a file, or holds something that no simulation wrote.
    """
    _refuse_foreign_folder(folder)
    work = folder / WORK_FOLDER
    shutil.rmtree(work, ignore_errors=True)
    (work / TRUTH_FILE).parent.mkdir(parents=True)
    try:
        with ExitStack() as files:
            yield ExportWriter(work, files)
        (work / CONFIGURATION_FILE).write_text(CONFIGURATION, encoding="utf-8")
        (folder / CONFIGURATION_FILE).unlink(missing_ok=True)
        for name in EXPORT_FILES:
            (folder / name).parent.mkdir(exist_ok=True)
            (work / name).replace(folder / name)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _refuse_foreign_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file; name a folder for the simulated export.")
    if not folder.exists() or (folder / WORK_FOLDER).exists():
        return
    found = sorted(path.name for path in folder.iterdir())
    configuration = folder / CONFIGURATION_FILE
    if configuration.is_file() and configuration.read_bytes().startswith(
        CONFIGURATION_MARK.encode()
    ):
        return
    if found:
        raise ConfigurationError(
            f"{folder} holds {len(found)} other files or folders, {found[0]!r} among them, and no "
            "earlier simulation. Name an empty or a new folder, or empty this one first."
        )


def _build_activities_schema() -> "pa.Schema":
    import pyarrow as pa

    text = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [
            ("lead_id", text),
            ("occurred_at", pa.timestamp("us", tz="UTC")),
            ("type", text),
            ("direction", text),
            ("rep_id", text),
        ]
    )


def _build_truth_schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        [
            ("lead_id", pa.string()),
            ("as_of", pa.timestamp("us", tz="UTC")),
            ("probability", pa.float64()),
        ]
    )


def _encode_texts(codes: "NDArray[Any]", names: "NDArray[np.str_]") -> "pa.Array":
    import pyarrow as pa

    indices = pa.array(codes.astype(np.int32), mask=codes == NO_REP)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names))


def _convert_instants(seconds: "NDArray[np.int64]") -> "pa.Array":
    import pyarrow as pa

    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us", tz="UTC"))


def _format_column(column: pd.Series) -> "pa.Array":
    import pyarrow as pa

    missing = column.isna().to_numpy()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        instants = column.dt.tz_localize(None).to_numpy().astype("datetime64[s]")
        return pa.array(np.datetime_as_string(instants, timezone="UTC"), mask=missing)
    if column.dtype.kind == "f":
        return pa.array(column.fillna(0).to_numpy().astype(np.int64), mask=missing)
    return pa.array(column.astype(object), from_pandas=True)
