"""The text in blocks: data sets ``address(value*unit)(value)...``, line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gbcs.errors import DecodeError

_DATA_SET = re.compile(r"([^()*/!]{0,32})((?:\([^()/!]{0,128}\))+)")
_VALUE = re.compile(r"\(([^*()]*)(?:\*([^*()]*))?\)")


@dataclass(frozen=True, slots=True)
class Value:
    """Text between brackets, and its unit (empty: none)."""

    text: str
    unit: str = ""

    def __str__(self) -> str:
        return f"({self.text}*{self.unit})" if self.unit else f"({self.text})"


@dataclass(frozen=True, slots=True)
class DataSet:
    """An address, which may be empty, and its values."""

    address: str
    values: tuple[Value, ...]

    def __str__(self) -> str:
        return self.address + "".join(map(str, self.values))


def parse_data_set(data: bytes) -> DataSet:
    """The data set of a line. Raises DecodeError for a line that is none."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise DecodeError("a data set is ASCII", field="data set") from None
    found = _DATA_SET.fullmatch(text)
    if found is None:
        raise DecodeError(f"{text[:40]!r} is no data set", field="data set")
    values = tuple(Value(text, unit) for text, unit in _VALUE.findall(found[2]))
    if "".join(map(str, values)) != found[2]:
        raise DecodeError(f"{found[2][:40]!r} are no values", field="data set")
    return DataSet(found[1], values)


def parse_lines(data: bytes) -> tuple[DataSet, ...]:
    """The data sets of a block, one a line; the ``!`` that ends a readout is none. Raises DecodeError."""
    return tuple(parse_data_set(line) for line in data.split(b"\r\n") if line not in {b"", b"!"})
