"""CSV files that a spreadsheet program opens without running anything in them.

A cell that begins with ``=``, ``+``, ``-`` or ``@`` is a formula to a spreadsheet, and text from
a CRM is written by strangers. OWASP's remedy is a leading apostrophe. Three ways around it are
closed as well: invisible characters before the sign, signs at the start of a later line of a
cell, and signs after a comma, semicolon, tab or bar inside a cell, which begin a cell of their
own where the file is opened with another separator than it was written with.

Source: OWASP, *CSV Injection*, https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FORMULA_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""As a regular expression's class: the four signs and their full-width forms."""
LINE_BREAKS = "\r\n\v\f\x1c-\x1e\x85\u2028\u2029"
SEPARATORS = ",;|\t"
INVISIBLE = (
    ' "\x01-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u180e'
    "\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
"""Spaces, controls, double quotes and zero-width characters that a program may skip over."""

LATER_START = re.compile(f"([{LINE_BREAKS}{SEPARATORS}])(?=[{INVISIBLE}]*[{FORMULA_SIGNS}\t\0])")
FIRST_START = re.compile(f"(?=[{INVISIBLE}{LINE_BREAKS}]*[{FORMULA_SIGNS}\t\r\n\0])")

INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
FLOAT_FORMAT = "%.10g"
"""Ten significant digits: more than any figure here is known to, and no 0.30000000000000004."""


def defused(text: str) -> str:
    r"""Put an apostrophe wherever a spreadsheet would begin to read a formula.

    >>> defused("=HYPERLINK(1)"), defused("Smith & Sons"), defused("first line\n+1")
    ("'=HYPERLINK(1)", 'Smith & Sons', "first line\n'+1")
    """
    text = LATER_START.sub(r"\1'", text)
    return f"'{text}" if FIRST_START.match(text) else text


def csv_bytes(frame: "pd.DataFrame", *, bom: bool = False, separator: str = ",") -> bytes:
    r"""Turn a frame into a CSV in UTF-8: everything quoted, text defused, numbers as they are.

    Headers are text too. Time stamps are ISO 8601 in UTC to the second, yes/no columns say yes
    or no, missing values are empty. Equal frames give equal bytes.

    Parameters
    ----------
    frame : DataFrame; its index is not written
    bom : bool
        Begin with a byte order mark, by which Excel recognises UTF-8.
    separator : "," or ";" or a tab

    Raises
    ------
    ValueError
        The separator is none of the three.

    Examples
    --------
    >>> import pandas as pd
    >>> csv_bytes(pd.DataFrame({"lead_id": ["@SUM(1)"], "score": [-0.25]})).decode()
    '"lead_id","score"\n"\'@SUM(1)","-0.25"\n'
    """
    import pandas as pd

    if separator not in (",", ";", "\t"):
        raise ValueError(f"separator must be ',' or ';' or a tab, got {separator!r}")
    columns = {position: _cells(frame.iloc[:, position]) for position in range(frame.shape[1])}
    text = pd.DataFrame(columns, index=frame.index).to_csv(
        index=False,
        header=[defused(str(name)) for name in frame.columns],
        sep=separator,
        quoting=csv.QUOTE_ALL,
        float_format=FLOAT_FORMAT,
        lineterminator="\n",
    )
    # A lone half of a surrogate pair cannot be written as UTF-8.
    return text.encode("utf-8-sig" if bom else "utf-8", errors="replace")


def _cells(values: "pd.Series") -> "pd.Series":
    import pandas as pd

    types = pd.api.types
    if types.is_bool_dtype(values.dtype):
        return _each(values, lambda yes: "yes" if yes else "no")
    if types.is_numeric_dtype(values.dtype):
        return values
    if types.is_datetime64_any_dtype(values.dtype):
        utc = pd.DatetimeIndex(pd.to_datetime(values, utc=True))
        return pd.Series(utc.strftime(INSTANT_FORMAT), index=values.index)
    return _each(values, lambda cell: defused(str(cell)))


def _each(values: "pd.Series", text_of: Callable[[object], str]) -> "pd.Series":
    import pandas as pd

    present = zip(values, values.notna(), strict=True)
    cells = [text_of(value) if there else None for value, there in present]
    return pd.Series(cells, index=values.index, dtype=object)
