"""Meters read on real links: every dialect, changes of speed, echoes, noise, losses, silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from line_meters import FIRST, LAST, NOW, truth
from read_meters import EVERYTHING, access, read_served, rows_of, smets1_meter, strict_line, url_of

from emulator.smets1.meter import Window
from emulator.smets1.profile import load_profile
from emulator.smets1.serve import Endpoint, running_from, serve
from gbcs.errors import LocalError, RemoteError
from gbcs.times import DAY_S, HALF_HOUR_S
from rigs.config.link import DialectLink
from rigs.errors import PortLost, RigError, RigTimeout
from rigs.meters.carrying import Watch
from rigs.meters.reading import read_meter
from rigs.meters.secrets import Secrets
from rigs.meters.values import Ask, Found

MODE_C, HDLC, WRAPPER, EDMI = "smets1-iec62056-21", "smets1-dlms-hdlc", "smets1-dlms", "smets1-edmi"
DIALECTS = (
    (WRAPPER, "dlms-wrapper"),
    (HDLC, "dlms-hdlc"),
    (MODE_C, "iec62056-21"),
    (EDMI, "edmi"),
)


def check(found: Found, profile: str) -> None:
    """What was read is what the meter of the profile holds."""
    meter = smets1_meter(profile)
    assert rows_of(found) == truth(meter)
    assert found.registers == {
        "active_import_wh": meter.register_wh("active_import", NOW),
        "active_export_wh": meter.register_wh("active_export", NOW),
    }
    assert found.clock is not None and 0 <= found.clock - NOW < 20
    assert found.serial_number == meter.serial_number


@pytest.mark.parametrize("kind", ["tcp", "pty"])
@pytest.mark.parametrize(("profile", "dialect"), DIALECTS)
def test_every_dialect_brings_what_the_meter_holds(profile: str, dialect: str, kind: str) -> None:
    check(read_served(profile, dialect, kind), profile)


@pytest.mark.parametrize("client", ["public", "reader", "management"])
@pytest.mark.parametrize(("profile", "dialect"), [(WRAPPER, "dlms-wrapper"), (HDLC, "dlms-hdlc")])
def test_every_security_of_dlms(profile: str, dialect: str, client: str) -> None:
    check(read_served(profile, dialect, client=client), profile)


@pytest.mark.parametrize(("profile", "dialect"), DIALECTS)
def test_a_month_comes_in_blocks_segments_and_records(profile: str, dialect: str) -> None:
    window = Window(FIRST - 30 * DAY_S, LAST)
    ask = Ask(("profile",), window.first, window.last)
    found = read_served(profile, dialect, ask=ask, window=window)
    assert rows_of(found) == truth(smets1_meter(profile, window)) and len(found.rows) == 31 * 48


def test_part_of_a_day() -> None:
    for profile, dialect in DIALECTS:
        found = read_served(profile, dialect, ask=Ask(("profile",), FIRST + HALF_HOUR_S, FIRST + 3 * HALF_HOUR_S))
        assert [row.stamp for row in found.rows] == [FIRST + n * HALF_HOUR_S for n in (1, 2, 3)]
        assert found.clock is None and not found.registers


def test_rows_by_entry_for_a_meter_that_refuses_ranges() -> None:
    window = Window(FIRST - 9 * DAY_S, LAST)
    found = read_served(WRAPPER, "dlms-wrapper", window=window, access="entry")
    assert rows_of(found) == truth(smets1_meter(WRAPPER))


def test_rows_that_show_registers_become_differences() -> None:
    window = Window(FIRST - HALF_HOUR_S, LAST)
    found = read_served(WRAPPER, "dlms-wrapper", window=window, cumulative=True)
    captured = truth(smets1_meter(WRAPPER, window))
    expected = [after[1] - before[1] for before, after in pairwise(captured)]
    assert [row.values["active_import_wh"] for row in found.rows] == expected


# ---------------------------------------------------------------------- the line


def on_line(profile: str, dialect: str, *, link: dict[str, Any] | None = None, **line: Any) -> Found:
    """Everything that is read on a terminal where speeds matter."""

    async def main() -> Found:
        server = load_profile(profile).servers(smets1_meter(profile), dialect)()
        async with strict_line(server, **line) as path:
            given = {"answer_within_s": 3.0, **(link or {})}
            return await read_meter(access(profile, path, dialect, **given), EVERYTHING, within_s=30)

    return asyncio.run(main())


ON_LINES = (*DIALECTS[1:], (HDLC, "dlms-mode-e"))


@pytest.mark.parametrize(("profile", "dialect"), ON_LINES)
def test_the_speed_of_the_line_is_followed(profile: str, dialect: str) -> None:
    check(on_line(profile, dialect), profile)


@pytest.mark.parametrize(("profile", "dialect"), ON_LINES)
def test_a_probe_that_echoes(profile: str, dialect: str) -> None:
    check(on_line(profile, dialect, echo=True, link={"echo": True}), profile)


def with_parity(data: bytes) -> bytes:
    """Seven bits and an even one."""
    return bytes(byte | 0x80 if byte.bit_count() % 2 else byte for byte in data)


@pytest.mark.parametrize("echo", [False, True])
def test_parity_is_made_here_for_a_line_of_eight_bits(echo: bool) -> None:
    def plain(data: bytes) -> bytes:
        low = bytes(byte & 0x7F for byte in data)
        assert with_parity(low) == data
        return low

    line = {"damage_up": plain, "damage_down": with_parity, "echo": echo}
    check(on_line(MODE_C, "iec62056-21", link={"parity_by_us": True, "echo": echo}, **line), MODE_C)


def test_parity_ends_where_hdlc_begins() -> None:
    signed_on = False

    def plain(data: bytes) -> bytes:
        nonlocal signed_on
        low = data if signed_on else bytes(byte & 0x7F for byte in data)
        signed_on = signed_on or low.startswith(b"\x06")
        return low

    def say(data: bytes) -> bytes:
        return data if data[:1] == b"\x7e" else with_parity(data)

    link = {"parity_by_us": True}
    check(on_line(HDLC, "dlms-mode-e", link=link, damage_up=plain, damage_down=say), HDLC)


def every(number: int, harm: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Harm to every so many pieces."""
    count = 0

    def damage(data: bytes) -> bytes:
        nonlocal count
        count += 1
        return harm(data) if count % number == 0 else data

    return damage


HARMS = {
    "lost": lambda data: b"",
    "flipped": lambda data: data[:-2] + bytes((data[-2] ^ 0x10,)) + data[-1:] if len(data) > 2 else data,
    "cut": lambda data: data[: len(data) // 2],
    "noisy": lambda data: b"\x00\xff\x13" + data,
}


@pytest.mark.parametrize(
    ("profile", "dialect", "harm"),
    [
        *((HDLC, "dlms-hdlc", harm) for harm in HARMS),
        *((MODE_C, "iec62056-21", harm) for harm in ("lost", "flipped")),
        *((EDMI, "edmi", harm) for harm in ("cut", "noisy")),
    ],
)
def test_what_a_line_does_to_bytes_is_got_over(profile: str, dialect: str, harm: str) -> None:
    damage = {"damage_up": every(7, HARMS[harm]), "damage_down": every(9, HARMS[harm])}
    # A meter of mode C takes a fifth of a second to answer at its new speed; the others answer at once.
    patience_s = 0.35 if profile == MODE_C else 0.12
    check(on_line(profile, dialect, link={"answer_within_s": patience_s}, **damage), profile)


@pytest.mark.parametrize(("profile", "dialect"), DIALECTS)
def test_a_meter_that_stops_in_the_middle_is_a_timeout_with_advice(profile: str, dialect: str) -> None:
    async def main() -> None:
        said = 0

        def falling_silent(data: bytes) -> bytes:
            nonlocal said
            said += 1
            return data if said < 6 else b""

        server = load_profile(profile).servers(smets1_meter(profile), dialect)()
        async with strict_line(server, damage_down=falling_silent) as path:
            patience_s = 0.35 if profile == MODE_C else 0.12
            await read_meter(access(profile, path, dialect, answer_within_s=patience_s), EVERYTHING, within_s=20)

    with pytest.raises(RigTimeout, match=r"stopped after \d+ messages .* check the position of the probe"):
        asyncio.run(main())


def test_a_meter_that_is_not_there_is_a_timeout_with_advice() -> None:
    async def main() -> None:
        async with strict_line(load_profile(MODE_C).servers(smets1_meter(MODE_C))(), lambda data: b"") as path:
            await read_meter(access(MODE_C, path, answer_within_s=0.05), EVERYTHING)

    with pytest.raises(RigTimeout, match=r"no byte came .* the address of the meter"):
        asyncio.run(main())


def test_another_dialect_than_the_meters_is_a_timeout_with_advice() -> None:
    async def main() -> None:
        async with strict_line(load_profile(MODE_C).servers(smets1_meter(MODE_C))()) as path:
            given = access(EDMI, path, answer_within_s=0.05, line={"baud": 300})
            await read_meter(given, EVERYTHING)

    with pytest.raises(RigTimeout, match=r"bytes came .* but no message .* the dialect"):
        asyncio.run(main())


def test_all_of_it_has_a_deadline() -> None:
    async def main() -> None:
        async with strict_line(load_profile(MODE_C).servers(smets1_meter(MODE_C))(), lambda data: b"") as path:
            await read_meter(access(MODE_C, path, answer_within_s=60), EVERYTHING, within_s=0.05)

    with pytest.raises(RigTimeout, match=r"in 0\.05 s"):
        asyncio.run(main())


def test_a_meter_that_hangs_up_is_a_lost_port() -> None:
    async def main() -> None:
        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            await read_meter(access(WRAPPER, f"socket://127.0.0.1:{port}"), EVERYTHING, within_s=10)
        finally:
            server.close()

    with pytest.raises(PortLost):
        asyncio.run(main())


# ---------------------------------------------------------------------- what the meter refuses


def refused(profile: str, dialect: str, secrets: Secrets, **link: Any) -> RemoteError:
    async def main() -> RemoteError:
        meter = smets1_meter(profile)
        served = await serve(load_profile(profile).servers(meter, dialect), Endpoint("tcp"), running_from(NOW))
        try:
            given = access(profile, url_of(served.address), dialect, secrets, answer_within_s=1, **link)
            await read_meter(given, EVERYTHING, within_s=20)
        except RemoteError as error:
            return error
        finally:
            served.close()
        raise AssertionError("it was read")

    return asyncio.run(main())


WRONG = Secrets.model_validate(
    {
        "encryption_key": "00" * 16,
        "authentication_key": "11" * 16,
        "passwords": {"reader": "87654321", "P1": "00000000", "READER": "nobody"},
    }
)


@pytest.mark.parametrize(
    ("profile", "dialect", "link", "told"),
    [
        (WRAPPER, "dlms-wrapper", {}, "check the password"),
        (HDLC, "dlms-hdlc", {}, "check the password"),
        (WRAPPER, "dlms-wrapper", {"client": "management"}, "check the password or the keys"),
        (MODE_C, "iec62056-21", {}, "ERROR04"),
        (EDMI, "edmi", {}, "error 4, access_denied"),
    ],
)
def test_wrong_secrets_are_said_and_not_shown(profile: str, dialect: str, link: Any, told: str) -> None:
    error = refused(profile, dialect, WRONG, **link)
    assert not isinstance(error, RigTimeout) and told in str(error)
    assert not any(secret in str(error) for secret in ("87654321", "00000000", "nobody", "0000", "1111"))


def test_a_missing_secret_is_named() -> None:
    for profile, dialect, link, told in (
        (WRAPPER, "dlms-wrapper", {}, "no password of 'reader'"),
        (WRAPPER, "dlms-wrapper", {"client": "management"}, "no keys of the meter"),
        (EDMI, "edmi", {}, "no password of 'READER'"),
    ):
        with pytest.raises(LocalError, match=told):
            refused(profile, dialect, Secrets(), **link)


def test_without_a_password_the_readout_is_read() -> None:
    found = read_served(MODE_C, "iec62056-21", secrets=Secrets())
    check(found, MODE_C)


def test_another_meter_than_the_rigs_is_refused() -> None:
    with pytest.raises(RigError, match="says that it is 21E0000001, not 99"):
        read_served(WRAPPER, "dlms-wrapper", serial="99")


def test_mistakes_of_the_caller_are_named() -> None:
    with pytest.raises(LocalError, match="does not speak 'morse'"):
        access(WRAPPER, "socket://127.0.0.1:1", "morse")
    with pytest.raises(LocalError, match=r"no client 'boss' \(it has: public, reader, management\)"):
        read_served(WRAPPER, "dlms-wrapper", client="boss")
    with pytest.raises(LocalError, match="no serial number of a meter that speaks EDMI"):
        read_served(EDMI, "edmi", address="21E1")
    with pytest.raises(LocalError, match="does not fit 1 byte of HDLC"):
        read_served("smets1-landis-gyr-e470", "dlms-hdlc", address_bytes=2, physical_device=200)


def test_a_port_in_use_is_said() -> None:
    async def main() -> None:
        async with strict_line(load_profile(MODE_C).servers(smets1_meter(MODE_C))()) as path:
            begun = asyncio.Event()
            watch = Watch(changed=lambda _watch: begun.set())
            first = asyncio.ensure_future(read_meter(access(MODE_C, path), EVERYTHING, watch, within_s=20))
            await begun.wait()
            with pytest.raises(PortLost, match="in use"):
                await read_meter(access(MODE_C, path), EVERYTHING, within_s=5)
            check(await first, MODE_C)

    asyncio.run(main())


def test_the_link_of_a_rig_has_these_keys() -> None:
    link = DialectLink(kind="dialect", port="/dev/ttyUSB0")
    assert (link.echo, link.access, link.cumulative, link.window) == (False, "range", False, 1)
