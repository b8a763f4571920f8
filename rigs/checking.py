"""Whether a rig is ready: everything that can be looked at before a test begins, and what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from emulator.smets1.profile import load_profile
from firmware_profiles import load as load_firmware
from gbcs.errors import GbcsError, LocalError
from gbcs.keystore import KeyStore
from gbcs.times import iso
from rigs.config import EzspLink, RigConfig, Smets1
from rigs.leases import hold, lease_store
from rigs.meters.reading import access_of, line_of, read_on
from rigs.meters.values import Ask
from rigs.ports import LineSettings, Port, open_port
from rigs.power import switch_of
from rigs.record import Record, recording
from rigs.states import broken_memory
from rigs.zigbee.inspecting import inspect_dongle


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; ``passed`` is None for what is only to be known."""

    what: str
    passed: bool | None
    says: str


LinkCheck = Callable[[RigConfig, Port], Awaitable[tuple[Finding, ...]]]


async def _silent(rig: RigConfig, _port: Port) -> tuple[Finding, ...]:
    """A line without a greeting: the first read shows whether anybody is there."""
    return (Finding("link", None, f"a {rig.link.kind} line has no greeting; meterfarm rig read {rig.name} asks it"),)


async def _dongle(rig: RigConfig, port: Port) -> tuple[Finding, ...]:
    """A dongle says what it is, and what it cannot do."""
    wanted = rig.link.cbke if isinstance(rig.link, EzspLink) else True
    facts = await inspect_dongle(port, cbke=wanted)
    return tuple(Finding(fact.what, fact.passed, fact.says) for fact in facts)


async def _signed_on(rig: RigConfig, port: Port) -> tuple[Finding, ...]:
    """Who the meter says that it is, and what its clock shows."""
    try:
        with access_of(rig) as access:
            await port.configure(line_of(access))
            found = await read_on(port, access, Ask(("clock",)), within_s=rig.timing.join_s)
    except LocalError as error:
        return (Finding("meter", False, str(error)),)
    shows = "shows no clock" if found.clock is None else f"its clock shows {iso(found.clock)}"
    return (Finding("meter", True, f"{found.serial_number or 'it says no serial number'}; {shows}"),)


LINK_CHECKS: Final[Mapping[str, LinkCheck]] = {"dialect": _signed_on, "ezsp": _dongle, "gfi": _silent}
"""What is asked over the open port, by kind of link. A check raises RigError, or says what it found."""


async def check(rig: RigConfig, found: Callable[[Finding], object] = lambda _: None) -> tuple[Finding, ...]:
    """Look at everything, while the rig is ours; ``found`` hears each finding at once.

    The rig counts as mended where nothing is missing. A record is written in any case. Raises Refused where somebody
    else has the rig.
    """
    findings: list[Finding] = []

    def note(*some: Finding) -> None:
        for finding in some:
            findings.append(finding)
            found(finding)

    with recording(rig) as record:
        note(_device(rig))
        lease = rig.lease
        store = lease_store(lease, rig.state_folder)
        holding = hold(rig.name, store, {}, heartbeat_s=lease.heartbeat_s, expires_after_s=lease.expires_after_s)
        async with holding:
            note(Finding("lease", True, "the rig is ours while we look"))
            note(*await _power(rig))
            note(*await _port(rig))
        note(_memory(rig, record, findings))
    return tuple(findings)


def _device(rig: RigConfig) -> Finding:
    """Keys and profile of the device."""
    try:
        if isinstance(rig.device, Smets1):
            return Finding("device", True, load_profile(rig.device.dialect).description)
        firmware = load_firmware(rig.device.firmware, [rig.file.parent])
        parties = KeyStore.read(rig.device.keys).parties()
    except GbcsError as error:
        return Finding("device", False, str(error))
    return Finding("device", True, f"{firmware.name}; keys or certificates of {len(parties)} parties")


async def _power(rig: RigConfig) -> tuple[Finding, ...]:
    try:
        async with asyncio.timeout(rig.timing.power_s):
            on = await switch_of(rig).is_on()
    except (GbcsError, TimeoutError) as error:
        return (Finding("power", False, str(error) or f"the switch does not answer within {rig.timing.power_s:g} s"),)
    says = {True: "on", False: "off", None: "this switch cannot say"}[on]
    return (Finding("power", on, f"{rig.power.kind}: {says}"),)


async def _port(rig: RigConfig) -> tuple[Finding, ...]:
    """The port opens for us alone, and what the link says over it."""
    url = rig.link.port
    try:
        port = await open_port(url, line=rig.link.line.over(LineSettings()))
    except GbcsError as error:
        return (Finding("port", False, str(error)),)
    opened = Finding("port", True, f"{url} opens, and is ours alone")
    try:
        async with asyncio.timeout(rig.timing.join_s):
            return (opened, *await LINK_CHECKS[rig.link.kind](rig, port))
    except (GbcsError, TimeoutError) as error:
        return (opened, Finding("link", False, str(error) or f"no answer within {rig.timing.join_s:g} s"))
    finally:
        await port.close()


def _memory(rig: RigConfig, record: Record, findings: list[Finding]) -> Finding:
    """Forget what broke the rig, unless something is missing still."""
    memory = broken_memory(rig)
    missing = [finding for finding in findings if finding.passed is False]
    if missing:
        record.first_cause = f"{missing[0].what}: {missing[0].says}"
        earlier = memory.recall()
        return Finding("state", False, f"broken since {earlier}" if earlier else "not ready")
    return Finding("state", True, "mended" if memory.forget() else "ready")
