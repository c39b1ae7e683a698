"""JSON as leadgain writes it: one layout, and one format for instants."""

import json
from datetime import UTC, datetime
from typing import Any


def encode_json(content: Any) -> bytes:
    r"""The bytes of a JSON file; NaN and infinity are refused, as JSON has none.

    >>> encode_json({"rows": 2})
    b'{\n "rows": 2\n}\n'
    """
    return f"{json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)}\n".encode()


def format_instant(instant: datetime) -> str:
    """An aware instant, a pandas one as well, in ISO 8601 and UTC.

    Raises
    ------
    ValueError
        It carries no time zone.

    >>> format_instant(datetime(2012, 3, 14, 15, 4, 54, tzinfo=UTC))
    '2012-03-14T15:04:54Z'
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} carries no time zone")
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
