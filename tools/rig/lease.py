"""``meterfarm rig lease``: reserve a rig for a person, or hold it while a command runs."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import Annotated, Final

import typer

from gbcs.errors import LocalError
from gbcs.times import to_datetime
from rigs.config import RigConfig
from rigs.errors import RigTimeout
from rigs.leases import hold, lease_store
from rigs.leases.holder import JOIN_VARIABLE
from rigs.leases.lease import new_lease
from rigs.loading import load_rig
from tools.rig.options import RigName, RigsFolder, seconds_of

_END_WITHIN_S: Final = 10.0
"""How long a command may take to end after it was told to."""


def command(
    rig: RigName,
    run: Annotated[list[str] | None, typer.Argument(metavar="[-- COMMAND...]", help="Run this meanwhile.")] = None,
    rigs: RigsFolder = None,
    duration: Annotated[str, typer.Option("--for", help="How long, like 30m or 2h; 2h unless a command runs.")] = "",
) -> None:
    """Reserve a rig: your own commands may use it, those of others are told who has it and until when.

    With a command the rig is yours for as long as that runs, and given back however it ends; the exit code is that of
    the command.

    Example: meterfarm rig lease bench-3 --for 2h

    Example: meterfarm rig lease bench-3 -- pytest --meterfarm-rig bench-3
    """
    config = load_rig(rig, rigs)
    for_s = seconds_of(duration) if duration else None
    if run:
        raise typer.Exit(asyncio.run(_during(config, run, for_s)))
    asyncio.run(_reserve(config, for_s or seconds_of("2h")))


async def _reserve(config: RigConfig, for_s: float) -> None:
    wanted = new_lease(config.name, 0.0, reserve_s=for_s, process=False)
    lease = await lease_store(config.lease, config.state_folder).take(wanted)
    until = to_datetime(lease.reserved_until).astimezone()
    shown = f"{until:%Y-%m-%d %H:%M:%S %Z}"
    typer.echo(f"{config.name} is yours until {shown}; meterfarm rig release {config.name} ends that")


async def _during(config: RigConfig, run: list[str], for_s: float | None) -> int:
    """The exit code of a command that ran while the rig was ours. Raises RigTimeout, LeaseLost, Refused."""
    store, lease = lease_store(config.lease, config.state_folder), config.lease
    holding = hold(config.name, store, {}, heartbeat_s=lease.heartbeat_s, expires_after_s=lease.expires_after_s)
    async with holding as held:
        try:
            process = await asyncio.create_subprocess_exec(*run, env={**os.environ, JOIN_VARIABLE: held.lease.token})
        except OSError as error:
            raise LocalError(f"{run[0]} cannot be run: {error.strerror}") from None
        try:
            async with asyncio.timeout(for_s):
                return _code(await process.wait())
        except TimeoutError:
            raise RigTimeout(f"{run[0]} ran longer than the rig was leased for") from None
        finally:
            await _ended(process)


def _code(returned: int) -> int:
    """The exit code as a shell gives it: 128 and the number of the signal that ended the command."""
    return returned if returned >= 0 else 128 - returned


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Return when the command has ended; told to, if it still runs."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(_END_WITHIN_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
