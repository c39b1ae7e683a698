"""Whether two exports say the same."""

import hashlib
from collections.abc import Iterator

import pandas as pd

from crm.export import Export


def content_sha256(export: Export) -> str:
    """SHA-256 of all that was read: equal for equal cells in equal order, whatever the files.

    Returns
    -------
    64 hexadecimal digits. Leads, activities and quarantine count, with their columns' names and
    kinds; what is derived from them does not.
    """
    digest = hashlib.sha256()
    for frame in (export.leads, export.activities, export.quarantine):
        for part in _parts(frame):
            digest.update(part)
    return digest.hexdigest()


def _parts(frame: pd.DataFrame) -> Iterator[bytes]:
    """Each column's name, kind and cells; a missing cell differs from every other."""
    yield f"{len(frame)}".encode()
    for name, column in frame.items():
        # Categories are told by their texts: which code a text has is of no matter.
        yield f"{name}|{column.dtype.name}".encode()
        yield pd.util.hash_pandas_object(column, index=False).to_numpy().tobytes()
