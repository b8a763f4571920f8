"""Reads one meter on a port: opened, spoken to in its dialect, and left as it was found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from emulator.clock import utc_now
from gbcs.errors import LocalError, RemoteError
from rigs.config.device import Smets1
from rigs.config.link import DialectLink
from rigs.config.rig import RigConfig
from rigs.errors import RigError
from rigs.leases import hold, lease_store
from rigs.meters.access import MeterAccess, meter_access
from rigs.meters.carrying import Watch, say_farewell
from rigs.meters.counting import invocation_counters
from rigs.meters.drivers import DRIVERS
from rigs.meters.echo import EchoFreePort
from rigs.meters.parity import SevenBitPort, eight_bits
from rigs.meters.secrets import Secrets, read_secrets
from rigs.meters.values import Ask, Found
from rigs.ports.opening import open_port
from rigs.ports.port import LineSettings, Port
from rigs.ports.trace import Trace, TraceFile
from rigs.record import recording

WITHIN_S = 1800.0
"""A whole session: thirteen months of half-hours are half a megabyte, which takes ten minutes at 9,600 baud."""


async def read_meter(
    access: MeterAccess,
    ask: Ask,
    watch: Watch | None = None,
    *,
    within_s: float = WITHIN_S,
    trace: Trace | None = None,
) -> Found:
    """What the meter answers in one session. Raises RigTimeout, PortLost, RemoteError, LocalError."""
    port = await open_port(access.link.port, line=line_of(access), trace=trace)
    try:
        return await read_on(port, access, ask, watch, within_s=within_s)
    finally:
        await port.close()


@contextmanager
def access_of(rig: RigConfig, secrets: Secrets | None = None) -> Iterator[MeterAccess]:
    """What is needed to read the SMETS1 meter of a rig, with the secrets and counters that its file names.

    Raises LocalError for another device, and for mistakes in the file of secrets.
    """
    if not isinstance(rig.device, Smets1) or not isinstance(rig.link, DialectLink):
        raise LocalError(f"rig {rig.name}: a device of kind {rig.device.kind!r} speaks no dialect")
    file = rig.link.secrets
    known = secrets or (read_secrets(file) if file is not None else Secrets())
    with invocation_counters(rig.state_folder / f"{rig.name}.invocations.json", known.title()) as take:
        yield meter_access(rig.device, rig.link, known, take)


async def read_rig(
    rig: RigConfig, access: MeterAccess, ask: Ask, watch: Watch | None = None, *, within_s: float = WITHIN_S
) -> Found:
    """The same on a rig, leased for as long as it takes; a record is written. Raises Refused and LeaseLost too."""
    watch, started = watch or Watch(), utc_now()
    with ExitStack() as kept:
        record = kept.enter_context(recording(rig))
        traced = rig.state_folder / f"{rig.name}.trace.jsonl"
        trace = kept.enter_context(TraceFile(traced)) if rig.trace else None
        holding = hold(
            rig.name,
            lease_store(rig.lease, rig.state_folder),
            {access.link.port: line_of(access)},
            heartbeat_s=rig.lease.heartbeat_s,
            expires_after_s=rig.lease.expires_after_s,
            trace=trace,
        )
        async with holding as held:
            found = await read_on(held.ports[access.link.port], access, ask, watch, within_s=within_s)
        record.measure("session_s", utc_now() - started, "s", high=within_s)
        record.measure("bytes_up", watch.bytes_up, "B")
        return found


def line_of(access: MeterAccess) -> LineSettings:
    """What the meter's port is set to at first."""
    line = _usual_line(access)
    return eight_bits(line) if access.link.parity_by_us else line


def _usual_line(access: MeterAccess) -> LineSettings:
    """Speed and form of a character as the meter has them at first."""
    return access.link.line.over(DRIVERS[access.dialect].line(access))


async def read_on(
    port: Port, access: MeterAccess, ask: Ask, watch: Watch | None = None, *, within_s: float = WITHIN_S
) -> Found:
    """The same on a port that is open; it stays open. Raises as :func:`read_meter` does."""
    driver = DRIVERS[access.dialect]
    line = _usual_line(access)
    if access.link.parity_by_us:
        port = SevenBitPort(port, line)
    if access.link.echo:
        port = EchoFreePort(port)
    try:
        found = await driver.read(port, line, access, ask, watch or Watch(), within_s)
    except (RemoteError, asyncio.CancelledError):
        await say_farewell(port, driver.farewell(access))
        raise
    wanted = access.device.serial_number
    if wanted and found.serial_number and found.serial_number != wanted:
        raise RigError(
            f"the meter at {port.url} says that it is {found.serial_number}, not {wanted}",
            hint="another meter is on the rig, or its file names the wrong one",
        )
    return found
