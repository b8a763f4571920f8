"""``meterfarm rig power``: switch the device of a rig."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from rigs.config import RigConfig
from rigs.leases import hold, lease_store
from rigs.loading import load_rig
from rigs.power import switch_of
from tools.rig.options import RigName, RigsFolder


class Wanted(StrEnum):
    """What may be asked of a switch."""

    ON = "on"
    OFF = "off"
    CYCLE = "cycle"
    STATE = "state"


def command(
    rig: RigName,
    wanted: Annotated[Wanted, typer.Argument(help="on, off, cycle, or state to ask only.")] = Wanted.STATE,
    rigs: RigsFolder = None,
) -> None:
    """Switch the device of a rig, by the [power] of its file; the rig is leased meanwhile.

    Example: meterfarm rig power bench-3 cycle
    """
    config = load_rig(rig, rigs)
    on = asyncio.run(_state(config) if wanted is Wanted.STATE else _switched(config, wanted))
    says = {True: "on", False: "off", None: "on or off: its switch cannot say"}[on]
    typer.echo(f"{rig} is {says}")


async def _state(config: RigConfig) -> bool | None:
    return await switch_of(config).is_on()


async def _switched(config: RigConfig, wanted: Wanted) -> bool:
    """How the device stands afterwards. Raises Refused, RigError."""
    switch, lease = switch_of(config), config.lease
    store = lease_store(lease, config.state_folder)
    async with hold(config.name, store, {}, heartbeat_s=lease.heartbeat_s, expires_after_s=lease.expires_after_s):
        if wanted is not Wanted.ON:
            await switch.switch(False)
        if wanted is Wanted.CYCLE:
            await asyncio.sleep(config.timing.settle_s)
        if wanted is not Wanted.OFF:
            await switch.switch(True)
    return wanted is not Wanted.OFF
