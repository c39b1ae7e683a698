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
INVISIBLE_CHARACTERS = (
    ' "\x01-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u180e'
    "\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
"""Spaces, controls, double quotes and zero-width characters that a program may skip over."""

LATER_FORMULA_START = re.compile(
    f"([{LINE_BREAKS}{SEPARATORS}])(?=[{INVISIBLE_CHARACTERS}]*[{FORMULA_SIGNS}\t\0])"
)
FIRST_FORMULA_START = re.compile(
    f"(?=[{INVISIBLE_CHARACTERS}{LINE_BREAKS}]*[{FORMULA_SIGNS}\t\r\n\0])"
)

INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
FLOAT_FORMAT = "%.10g"
"""Ten significant digits: more than any figure here is known to, and no 0.30000000000000004."""


def escape_formulas(text: str) -> str:
    r"""Put an apostrophe wherever a spreadsheet would begin to read a formula.

    >>> cells = ("=HYPERLINK(1)", "Smith & Sons", "first line\n+1")
    >>> tuple(escape_formulas(cell) for cell in cells)
    ("'=HYPERLINK(1)", 'Smith & Sons', "first line\n'+1")
    """
    text = LATER_FORMULA_START.sub(r"\1'", text)
    return f"'{text}" if FIRST_FORMULA_START.match(text) else text


def encode_csv(frame: "pd.DataFrame", *, bom: bool = False, separator: str = ",") -> bytes:
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
    >>> encode_csv(pd.DataFrame({"lead_id": ["@SUM(1)"], "score": [-0.25]})).decode()
    '"lead_id","score"\n"\'@SUM(1)","-0.25"\n'
    """
    import pandas as pd

    if separator not in (",", ";", "\t"):
        raise ValueError(f"separator must be ',' or ';' or a tab, got {separator!r}")
    columns = {
        position: _format_cells(frame.iloc[:, position]) for position in range(frame.shape[1])
    }
    text = pd.DataFrame(columns, index=frame.index).to_csv(
        index=False,
        header=[escape_formulas(str(name)) for name in frame.columns],
        sep=separator,
        quoting=csv.QUOTE_ALL,
        float_format=FLOAT_FORMAT,
        lineterminator="\n",
    )
    # A lone half of a surrogate pair cannot be written as UTF-8.
    return text.encode("utf-8-sig" if bom else "utf-8", errors="replace")


def _format_cells(values: "pd.Series") -> "pd.Series":
    import pandas as pd

    types = pd.api.types
    if types.is_bool_dtype(values.dtype):
        return _format_present(values, lambda yes: "yes" if yes else "no")
    if types.is_numeric_dtype(values.dtype):
        return values
    if types.is_datetime64_any_dtype(values.dtype):
        utc = pd.DatetimeIndex(pd.to_datetime(values, utc=True))
        return pd.Series(utc.strftime(INSTANT_FORMAT), index=values.index)
    return _format_present(values, lambda cell: escape_formulas(str(cell)))


def _format_present(values: "pd.Series", text_of: Callable[[object], str]) -> "pd.Series":
    import pandas as pd

    present = zip(values, values.notna(), strict=True)
    cells = [text_of(value) if there else None for value, there in present]
    return pd.Series(cells, index=values.index, dtype=object)
