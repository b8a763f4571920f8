"""``meterfarm emulate``: meters that answer on real links.

SMETS1 meters in the dialect of a profile, over TCP or a serial line; a SMETS2 meter behind a GFI line.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from emulator.clock import utc_now
from emulator.smets1.dlms.device import emulated_keys
from emulator.smets1.emulated import meter_of
from emulator.smets1.meter import Smets1Meter, Window, day_window
from emulator.smets1.profile import DialectProfile, load_profile, shipped
from emulator.smets1.serve import Endpoint, Now, Served, parse_endpoint, running_from, serve
from emulator.smets1.server import ServerFactory
from gbcs.errors import LocalError
from gbcs.times import DAY_S, from_datetime, iso
from tools.emulate_capture import load_recorded, print_recorded, serve_recorded
from tools.emulate_esme import DEFAULT_GFI, NAME, Wanted, print_esme, serve_esme
from tools.output import emit_json, stderr_console, stdout_console

_AFTER_THE_DAY_S = 6 * 3600
"""What the clock of a meter of a certain day shows at first: the next morning."""
_PORTS = 0x1_0000


def command(
    profile: Annotated[str, typer.Argument(help="A profile of --list, or esme: a SMETS2 meter.")] = "",
    listen: Annotated[
        str, typer.Option(help="tcp://HOST:PORT (port 0: any), pty: or serial:PATH; pty: goes at the dialect's speed.")
    ] = "tcp://127.0.0.1:4059",
    dialect: Annotated[str, typer.Option(help="Another dialect that the profile speaks.")] = "",
    day: Annotated[str, typer.Option(help="The UTC day whose half-hours the profile holds, like 2026-11-23.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="What the meter has used hangs off it.")] = 162,
    meters: Annotated[int, typer.Option(min=1, max=10_000, help="Meters, each on a port or terminal of its own.")] = 1,
    paced: Annotated[bool, typer.Option(help="Send on pty: no faster than the dialect's speed.")] = True,
    listed: Annotated[bool, typer.Option("--list", help="Name the profiles and end.")] = False,
    printed: Annotated[bool, typer.Option("--print", help="Print the half-hours and end.")] = False,
    test_keys: Annotated[
        bool, typer.Option("--test-keys", help="Print the test keys and test passwords of the meter and end.")
    ] = False,
    gfi: Annotated[str, typer.Option(help="esme: the GFI line, tcp://HOST:PORT, pty: or pty:PATH of a link.")] = "",
    keys: Annotated[
        Path | None, typer.Option(metavar="DIR", help="esme: its keys and everybody's, as keys new makes them.")
    ] = None,
    key_seed: Annotated[int, typer.Option(min=0, help="esme: test keys, where there is no directory.")] = 162,
    device: Annotated[str, typer.Option(metavar="EUI", help="esme: its identifier; else that of keys new.")] = "",
    firmware: Annotated[str, typer.Option(help="esme: its firmware profile.")] = "smets2-reference",
    from_capture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The device that a trace.jsonl or a pcap shows, on a GFI line.")
    ] = None,
    keys_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="HAN keys of a pcap; default: those beside it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Let emulated meters answer over TCP, a terminal or a serial line.

    SMETS1: a profile is a dialect on an open protocol, of one device family; every choice in it says how sure it is.
    Keys and passwords are test secrets.

    SMETS2: esme is one meter behind a GFI line (GBCS:DATA#0:...), which takes GBCS messages up to 1,200 bytes and
    blocks of longer ones.

    From a capture: a device in the state that the captured exchanges show. With the keys of DIR it answers any request
    about it, also windows and users that the capture does not have; what these keys do not open is answered to the very
    same request alone.

    The meters answer until Ctrl-C; "listening on ..." says that they are ready.

    Example: meterfarm emulate smets1-dlms --listen tcp://127.0.0.1:4059 --day 2026-11-23

    Example: meterfarm emulate esme --gfi pty:/tmp/esme --keys keys/ --day 2026-11-23

    Example: meterfarm emulate --from-capture trace.jsonl --keys keys/ --gfi pty:/tmp/esme
    """
    if listed:
        _list(json=json)
        return
    if from_capture is not None:
        _emulate_capture(profile, from_capture, keys, keys_file, device, gfi, printed=printed, json=json)
        return
    if not profile:
        raise LocalError(f"name a profile (allowed: {', '.join((NAME, *shipped()))})")
    start, window = start_of(day)
    now = clock_of(day)
    if profile == NAME:
        wanted = Wanted(device, keys, key_seed, firmware, seed)
        if printed:
            print_esme(wanted, start, window, json=json)
        else:
            serve_esme(wanted, gfi or DEFAULT_GFI, now)
        return
    chosen = load_profile(profile)
    made = _meters(chosen, meters, seed, start, window)
    if test_keys:
        _print_secrets(made[0], json=json)
        return
    if printed:
        _print(chosen, made[0], start, json=json)
        return
    _serve(chosen, [chosen.servers(meter, dialect or None) for meter in made], parse_endpoint(listen), now, paced)


def _emulate_capture(
    profile: str, capture: Path, keys: Path | None, keys_file: Path | None, device: str, gfi: str, *, printed: bool,
    json: bool,
) -> None:  # fmt: skip
    if profile not in ("", NAME):
        raise LocalError(f"a capture says itself what its device is: leave {profile!r} out")
    recorded = load_recorded(capture, keys, keys_file, device)
    if printed:
        print_recorded(recorded, json=json)
    else:
        serve_recorded(recorded, gfi or DEFAULT_GFI)


def start_of(day: str) -> tuple[float, Window | None]:
    """What the clock shows at first, and the half-hours that the profile holds (None: all of its log)."""
    if not day:
        return utc_now(), None
    try:
        parsed = date.fromisoformat(day)
    except ValueError:
        raise LocalError(f"{day!r} is no day: write it like 2026-11-23") from None
    number = int(from_datetime(datetime(parsed.year, parsed.month, parsed.day, tzinfo=UTC))) // DAY_S
    if number < 1:
        raise LocalError(f"{day} is before 2000-01-02")
    return float((number + 1) * DAY_S + _AFTER_THE_DAY_S), day_window(number)


def clock_of(day: str) -> Now:
    """The true time of the world that the meters stand in: of a certain day, or without one the machine's for good.

    It runs from here on, so that whatever takes time before the first message is not lost. Raises LocalError.
    """
    return running_from(start_of(day)[0]) if day else utc_now


def _meters(profile: DialectProfile, count: int, seed: int, start: float, window: Window | None) -> list[Smets1Meter]:
    """Meters that follow each other in seed and serial number."""
    first = profile.meter.serial_number.value
    digits = len(first) - len(first.rstrip("0123456789"))
    head, number = first[: len(first) - digits], int(first[len(first) - digits :] or 0)
    return [
        meter_of(
            profile, seed + n, now=start, window=window, serial_number=f"{head}{number + n:0{digits}d}" if n else None
        )
        for n in range(count)
    ]


# ---------------------------------------------------------------------- what is printed


def _list(*, json: bool) -> None:
    profiles = [load_profile(name) for name in shipped()]
    if json:
        emit_json(
            {
                "profiles": [
                    {
                        "id": one.name,
                        "description": one.description,
                        "speaks": list(one.speaks.value),
                        "cohorts": list(one.cohorts),
                        "confidence": one.confidence,
                        "source": one.source,
                    }
                    for one in profiles
                ]
            }
        )
        return
    table = Table(title="Dialects on open protocols; no maker's own protocol is public", title_justify="left")
    for column in ("profile", "speaks", "cohorts", "confidence", "what it is"):
        table.add_column(column)
    for one in profiles:
        table.add_row(
            one.name, ", ".join(one.speaks.value), ", ".join(one.cohorts) or "-", one.confidence, one.description
        )
    stdout_console().print(table)


def _print(profile: DialectProfile, meter: Smets1Meter, start: float, *, json: bool) -> None:
    rows = [
        {"at_utc": iso(int(stamp)), "active_import_wh": int(imported), "active_export_wh": int(exported)}
        for stamp, imported, exported in meter.profile(start).tolist()
    ]
    if json:
        stated = [
            {"name": one.name, "value": one.value, "confidence": one.confidence, "source": one.source}
            for one in profile.assumptions()
        ]
        emit_json({"profile": profile.name, "meter": meter.serial_number, "rows": rows, "choices": stated})
        return
    table = Table(title=f"{profile.name}, meter {meter.serial_number}", title_justify="left")
    table.add_column("half-hour ends (UTC)")
    for column in ("import, Wh", "export, Wh"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(str(row["at_utc"]), str(row["active_import_wh"]), str(row["active_export_wh"]))
    stdout_console().print(table)


def _print_secrets(meter: Smets1Meter, *, json: bool) -> None:
    """Those of a wholly emulated meter: they hang off its serial number, and protect nothing."""
    keys = emulated_keys(meter.manufacturer, meter.serial_number)
    secrets = {
        "system_title": keys.title.hex(),
        "encryption_key": keys.encryption_key.hex(),
        "authentication_key": keys.authentication_key.hex(),
    }
    passwords = {name: password.decode() for name, password in meter.passwords.items()}
    if json:
        emit_json({"meter": meter.serial_number, **secrets, "passwords": passwords})
        return
    table = Table(title=f"Test secrets of meter {meter.serial_number}", title_justify="left", show_header=False)
    for name, value in {**secrets, **{f"password of {name}": value for name, value in passwords.items()}}.items():
        table.add_row(name, value)
    stdout_console().print(table)


# ---------------------------------------------------------------------- serving


def _serve(
    profile: DialectProfile, servers: Sequence[ServerFactory], endpoint: Endpoint, now: Now, paced: bool
) -> None:
    if endpoint.kind == "tcp" and endpoint.port and endpoint.port + len(servers) > _PORTS:
        raise LocalError(f"{len(servers)} meters from port {endpoint.port} on would need ports above 65535")
    if endpoint.kind == "serial" and len(servers) > 1:
        raise LocalError("one serial port carries one meter")
    stderr_console().print(f"{profile.name}: {profile.description}; a dialect on an open protocol, with test keys")
    asyncio.run(_until_interrupted(servers, endpoint, now, paced))


async def _until_interrupted(servers: Sequence[ServerFactory], endpoint: Endpoint, now: Now, paced: bool) -> None:
    ended = asyncio.Event()
    served: list[Served] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        for position, each in enumerate(servers):
            port = endpoint.port + position if endpoint.port else 0
            served.append(await serve(each, replace(endpoint, port=port), now, paced=paced))
            typer.echo(f"listening on {served[-1].address}")
        await ended.wait()
    finally:
        for one in served:
            one.close()
