"""What ``rig check`` says of a dongle, and install codes in files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from dongles import HUB, INSTALL_CODE, METER, dongles

from gbcs.errors import LocalError
from rigs.fake_ezsp.ncp import Firmware
from rigs.ports.opening import open_port
from rigs.zigbee.inspecting import DongleFact, inspect_dongle
from rigs.zigbee.install_codes import code_of, read_install_codes


def inspected(folder: Path, firmware: Firmware | None = None, *, cbke: bool = True) -> dict[str, DongleFact]:
    async def case() -> tuple[DongleFact, ...]:
        async with dongles(folder) as bench:
            _, url = await bench.plug_in(HUB, firmware=firmware)
            port = await open_port(url)
            found = await inspect_dongle(port, cbke=cbke)
            # The port is still ours to use.
            assert await inspect_dongle(port, cbke=cbke) == found
            await port.close()
            return found

    return {fact.what: fact for fact in asyncio.run(case())}


def test_a_dongle_with_key_establishment(tmp_path: Path) -> None:
    found = inspected(tmp_path, Firmware(ezsp_version=9, patch=3))
    assert found["dongle"].passed
    for part in ("meterfarm fake EZSP module", "EZSP 9", "EmberZNet 7.4.3.0 build 0", "02-4D-46-00-00-00-01-01"):
        assert part in found["dongle"].says
    assert (found["cbke"].passed, found["cbke"].says) == (True, "suite 2 (283k1), certificate by FAKETEST")
    assert "868 MHz" in found["radio"].says and "device log" in found["hub"].says
    assert found["radio"].passed is None and found["hub"].passed is None


@pytest.mark.parametrize(("wanted", "passed"), [(True, False), (False, None)])
def test_a_dongle_from_a_shop_says_what_to_buy(tmp_path: Path, wanted: bool, passed: bool | None) -> None:
    found = inspected(tmp_path, Firmware(has_cbke=False), cbke=wanted)
    assert found["cbke"].passed is passed
    assert "Certicom" in found["cbke"].says and "LIBRARY_NOT_PRESENT" in found["cbke"].says


def test_install_codes_are_read_from_a_file_of_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "codes"
    path.write_text(f"# meters of the bench\n02-4D-46-00-00-00-01-02 {INSTALL_CODE.hex('-').upper()}\n\n")
    with pytest.raises(LocalError, match="can be read by others: chmod 600"):
        read_install_codes(path)
    path.chmod(0o600)
    codes = read_install_codes(path)
    assert codes == {METER: INSTALL_CODE} and code_of(codes, METER, path) == INSTALL_CODE
    with pytest.raises(LocalError, match="none for 02-4D-46-00-00-00-01-01"):
        code_of(codes, HUB, path)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("024d460000000102", "write EUI64 CODE"),
        ("024d460000000102 xyz", "no hexadecimal digits"),
        ("024d460000000102 83fed3407a939723a5c639b26916d505c3b6", "CRC of the install code is wrong"),
        ("024d 83fed3407a939723a5c639b26916d505c3b5", "not an EUI-64"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "codes"
    path.touch(0o600)
    path.write_text(f"\n{line}\n")
    with pytest.raises(LocalError, match=f"line 2: .*{why}"):
        read_install_codes(path)
