"""``meterfarm rig release``: give a rig back, or take it from somebody."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from emulator.clock import utc_now
from rigs.leases import Lease, LeaseStore, lease_store
from rigs.leases.lease import ended_lease, is_mine
from rigs.loading import load_rig
from tools.outcome import NotMet
from tools.rig.options import RigName, RigsFolder


def command(
    rig: RigName,
    rigs: RigsFolder = None,
    kick: Annotated[bool, typer.Option("--kick", help="Also where somebody else or a running process has it.")] = False,
) -> None:
    """Give a rig back that you have reserved. With --kick take it from whoever has it: their ports close.

    Example: meterfarm rig release bench-3
    """
    config = load_rig(rig, rigs)
    ended = asyncio.run(_release(rig, lease_store(config.lease, config.state_folder), kick=kick))
    typer.echo(f"{rig} is free" + (f"; it was leased by {ended.holder()}" if ended else " already"))


async def _release(rig: str, store: LeaseStore, *, kick: bool) -> Lease | None:
    """The live lease that ended. Raises NotMet where it is not ours to end."""
    if kick:
        ended = await store.kick(ended_lease(rig))
        return ended if ended is not None and ended.is_live(utc_now()) else None
    current = await store.holder(rig)
    if current is None or not current.is_live(utc_now()):
        return None
    if not is_mine(current) or current.pid:
        raise NotMet(f"{rig} is leased by {current.holder()}; --kick takes it from them")
    await store.kick(ended_lease(rig))
    return current
