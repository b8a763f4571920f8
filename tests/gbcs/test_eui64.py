"""EUI-64: the printed form, every way to write one, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs import eui64
from gbcs.errors import LocalError

EUIS = st.binary(min_size=8, max_size=8)


def test_the_printed_form() -> None:
    assert eui64.show(bytes.fromhex("90b3d51f30010000")) == "90-B3-D5-1F-30-01-00-00"


@given(EUIS)
def test_every_way_to_write_one_is_read(value: bytes) -> None:
    for text in (eui64.show(value), eui64.show(value).lower(), value.hex(), f" {value.hex()}\n"):
        assert eui64.parse(text) == value


@pytest.mark.parametrize("text", ["", "90-B3", "90B3D51F3001000", "90B3D51F300100000", "90B3D51F3001000G", "9" * 400])
def test_what_is_none_is_named(text: str) -> None:
    with pytest.raises(LocalError, match="is not an EUI-64: write 16 hexadecimal digits"):
        eui64.parse(text)
