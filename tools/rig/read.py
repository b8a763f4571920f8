"""``meterfarm rig read``: half-hours or registers of a real meter, of SMETS1 its clock too, over its rig's link."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from emulator.smets1.profile import load_profile
from gbcs.errors import LocalError
from rigs.config.device import Device, Smets1
from rigs.config.link import DialectLink
from rigs.config.rig import RigConfig
from rigs.loading import load_rig
from rigs.meters.access import MeterAccess, meter_access
from rigs.meters.carrying import Watch
from rigs.meters.counting import invocation_counters, passing_counters
from rigs.meters.reading import WITHIN_S, access_of, read_meter, read_rig
from rigs.meters.secrets import Secrets, emulated_secrets, read_secrets
from rigs.meters.values import QUANTITIES, Ask, Found, Quantity
from tools.output import emit_json, stderr_console, stdout_console
from tools.rig.options import RigsFolder
from tools.rig.ranges import half_hours
from tools.rig.read_esme import Wanted, read_esme, wanted_use_case

SERVICES: Final[dict[str, Quantity]] = {"4.8.1": "profile", "4.8.3": "profile", "4.1.1": "register", "4.2": "register"}
"""What a service request reads on a meter that knows none."""


def command(
    rig: Annotated[str, typer.Argument(metavar="[RIG]", help="A rig file by name; or say --port and --dialect.")] = "",
    what: Annotated[str, typer.Option(help="profile or register; SMETS1 also clock, or several: profile,clock.")] = "",
    srv: Annotated[str, typer.Option(metavar="SRV", help="The same as a service request, like 4.8.1.")] = "",
    use_case: Annotated[str, typer.Option(metavar="USE_CASE", help="SMETS2: the same, like ECS22b.")] = "",
    role: Annotated[str, typer.Option("--as", help="SMETS2: who asks, IS, ES, NO or MDR; else who may.")] = "",
    since: Annotated[str, typer.Option("--from", help="A UTC day or time, like 2026-11-23 or 2026-11-23T12:00.")] = "",
    until: Annotated[str, typer.Option("--to", help="The same, included; else the end of the day of --from.")] = "",
    port: Annotated[str, typer.Option(metavar="URL", help="Without a rig: /dev/..., socket://..., rfc2217://...")] = "",
    dialect: Annotated[str, typer.Option(metavar="PROFILE", help="A profile of meterfarm emulate --list.")] = "",
    speaks: Annotated[str, typer.Option(help="Another dialect of the profile, like dlms-mode-e.")] = "",
    client: Annotated[str, typer.Option(help="SMETS1: who we are to the meter: a client or user of the profile.")] = "",
    address: Annotated[str, typer.Option(help="SMETS1: what the meter is called on its line.")] = "",
    echo: Annotated[bool, typer.Option("--echo", help="The probe hands back what we send.")] = False,
    secrets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="SMETS1: passwords and keys, TOML, readable by you alone.")
    ] = None,
    emulated: Annotated[
        bool, typer.Option("--test-secrets", help="SMETS1: the meter is an emulated one, with its test secrets.")
    ] = False,
    within: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="How long all of it may take.")] = WITHIN_S,
    rigs: RigsFolder = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read half-hours or registers of a meter on a bench, of a SMETS1 meter also its clock.

    Without --from it is yesterday (UTC). Values are printed as the meter gives them and compared with nothing. The
    answer of a SMETS2 meter is verified and decrypted with the keys that its rig file names.

    Example: meterfarm rig read bench-1 --from 2026-11-23

    Example: meterfarm rig read --port /dev/ttyUSB0 --dialect smets1-iec62056-21 --secrets meter.toml --what register
    """
    if rig and (port or dialect):
        raise LocalError("name a rig, or say --port and --dialect: not both")
    if bool(what) + bool(srv) + bool(use_case) > 1:
        raise LocalError("say one of --what, --srv and --use-case")
    first, last = half_hours(since, until)
    config = load_rig(rig, rigs) if rig else None
    if config is not None and not isinstance(config.link, DialectLink):
        wanted = Wanted(wanted_use_case(what, srv, use_case), role, first, last)
        read_esme(config, wanted, within, json=json)
        return
    if use_case or role:
        raise LocalError("--use-case and --as are for SMETS2 meters: their rig has a link that carries GBCS messages")
    ask = Ask(_quantities(what, srv), first, last)
    if config is not None:
        given = _secrets(config.device, secrets, emulated=emulated)
        accessing = access_of(config, given)
    else:
        device, link = _bare(port, dialect, speaks, client, address, echo=echo)
        accessing = _access(device, link, secrets, emulated=emulated)
    with accessing as access:
        found = _read(config, access, ask, within)
    _show(rig or access.profile.name, access, ask, found, json=json)


def _quantities(what: str, srv: str) -> tuple[Quantity, ...]:
    """What is asked for, by either option. Raises LocalError for what is none."""
    if srv:
        if srv not in SERVICES:
            raise LocalError(f"{srv!r} is no service request of a read here (allowed: {', '.join(SERVICES)})")
        return (SERVICES[srv],)
    asked = [one.strip() for one in (what or QUANTITIES[0]).split(",")]
    for one in asked:
        if one not in QUANTITIES:
            raise LocalError(f"{one!r} cannot be read (allowed: {', '.join(QUANTITIES)})")
    return tuple(one for one in QUANTITIES if one in asked)


def _bare(port: str, dialect: str, speaks: str, client: str, address: str, *, echo: bool) -> tuple[Smets1, DialectLink]:
    """Device and link of a meter without a rig file. Raises LocalError for what is missing or wrong."""
    if not (port and dialect):
        raise LocalError("name a rig, or say --port URL and --dialect PROFILE")
    try:
        link = DialectLink(kind="dialect", port=port, speaks=speaks, client=client, address=address, echo=echo)
    except ValidationError as error:
        raise LocalError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
    return Smets1(kind="smets1", dialect=dialect), link


def _secrets(device: Device, file: Path | None, *, emulated: bool) -> Secrets | None:
    """Those that the options name; None where they name none."""
    if emulated and isinstance(device, Smets1):
        return emulated_secrets(load_profile(device.dialect), device.serial_number)
    return read_secrets(file) if file is not None else None


@contextmanager
def _access(device: Smets1, link: DialectLink, file: Path | None, *, emulated: bool) -> Iterator[MeterAccess]:
    """What is needed to read a meter without a rig file; its counters stand beside its secrets."""
    known = _secrets(device, file, emulated=emulated) or Secrets()
    if emulated:
        yield meter_access(device, link, known, passing_counters())
        return
    counters = (file or Path("meter.toml")).with_suffix(".invocations.json")
    with invocation_counters(counters, known.title()) as take:
        yield meter_access(device, link, known, take)


def _read(rig: RigConfig | None, access: MeterAccess, ask: Ask, within_s: float) -> Found:
    console, columns = stderr_console(), (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"opening {access.link.port}")

        def changed(watch: Watch) -> None:
            progress.update(task, description=f"{watch.messages} messages, {watch.bytes_up:,} bytes from the meter")

        watch = Watch(changed=changed)
        if rig is None:
            return asyncio.run(read_meter(access, ask, watch, within_s=within_s))
        return asyncio.run(read_rig(rig, access, ask, watch, within_s=within_s))


# ---------------------------------------------------------------------- what is printed


def _show(name: str, access: MeterAccess, ask: Ask, found: Found, *, json: bool) -> None:
    if json:
        emit_json({"name": name, "profile": access.profile.name, "dialect": access.dialect, **found.as_json(ask)})
        return
    if "profile" in ask.quantities:
        stdout_console().print(_rows(name, found))
    facts = [(name, f"{value:,}") for name, value in found.registers.items()]
    if "clock" in ask.quantities:
        facts.append(("clock (UTC)", str(found.as_json(ask)["clock_utc"])))
    if facts:
        table = Table(title=f"{name}, meter {found.serial_number}", title_justify="left", show_header=False)
        for fact, value in facts:
            table.add_row(fact, value)
        stdout_console().print(table)


def _rows(name: str, found: Found) -> Table:
    columns = list(dict.fromkeys(column for row in found.rows for column in row.values))
    table = Table(title=f"{name}, meter {found.serial_number}", title_justify="left")
    table.add_column("half-hour ends (UTC)")
    for column in columns:
        table.add_column(column, justify="right")
    for row in found.as_json(Ask(("profile",)))["rows"]:
        table.add_row(row["at_utc"], *(str(row.get(column, "-")) for column in columns))
    return table
