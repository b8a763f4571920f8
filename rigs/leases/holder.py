"""Hold a rig: its lease, renewed by a heartbeat, and all its ports or none. Whoever loses the lease loses the ports."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from emulator.clock import utc_now
from gbcs.errors import GbcsError
from rigs.errors import LeaseLost, PortLost, PortMissing, RigError
from rigs.leases.lease import Lease, LeaseStore, lost_to, new_lease
from rigs.ports import LineSettings, ReopeningPort, Trace
from rigs.ports.reopening import DELAYS_S

JOIN_VARIABLE: Final = "METERFARM_LEASE"
"""Holds the token of a lease that the processes of one command share."""

_GIVE_BACK_WITHIN_S: Final = 5.0
"""A rig that cannot be given back by then is left to expire."""


class HeldRig:
    """A rig that is ours as long as :func:`hold` lasts."""

    def __init__(self, lease: Lease, store: LeaseStore) -> None:
        self.lease = lease
        self.ports: dict[str, ReopeningPort] = {}
        self.loss: LeaseLost | None = None
        self._store = store

    @property
    def is_ours(self) -> bool:
        """Whether the lease still stands, as far as we know."""
        return self.loss is None and self.lease.is_live(utc_now())

    async def open(self, lines: Mapping[str, LineSettings], trace: Trace | None, delays_s: Sequence[float]) -> None:
        """Open all ports or none, in sorted order, so that two who want the same ones do not wait for each other."""
        for url in sorted(lines):
            port = ReopeningPort(url, line=lines[url], trace=trace, delays_s=delays_s, leased=lambda: self.loss is None)
            self.ports[url] = port
            try:
                await port.open()
            except PortLost as error:
                raise PortMissing(error.message, hint=error.hint) from error.__cause__

    async def close_ports(self) -> None:
        """Close all ports; a second call does nothing. Nothing is carried from here on, even where closing is slow."""
        closing = [asyncio.ensure_future(port.close()) for port in self.ports.values()]
        if closing:
            await asyncio.wait(closing, timeout=_GIVE_BACK_WITHIN_S)

    async def beat(self, every_s: float) -> None:
        """Renew the lease until it is lost; a store that is away has until the lease runs out to come back."""
        while self.loss is None:
            await asyncio.sleep(every_s)
            try:
                async with asyncio.timeout(self.lease.expires_at - utc_now()):
                    self.lease = await self.renewed()
            except LeaseLost as error:
                self.loss = error
            except (GbcsError, OSError) as error:  # TimeoutError is an OSError
                if not self.is_ours:
                    self.loss = LeaseLost(f"the lease of {self.lease.rig} ran out: it could not be renewed in time")
                    self.loss.__cause__ = error

    async def renewed(self) -> Lease:
        """The lease, written down as still used. Raises LeaseLost or RigError."""
        renewed = self.lease.beaten(utc_now())
        await self._store.renew(renewed)
        return renewed

    async def give_back(self) -> None:
        """End the lease, if it is still ours; what cannot be reached is left to expire."""
        with suppress(RigError, TimeoutError):
            async with asyncio.timeout(_GIVE_BACK_WITHIN_S):
                await self._store.release(self.lease)


class JoinedRig(HeldRig):
    """A rig that the process which started us holds: it renews the lease and gives it back, we look on."""

    async def renewed(self) -> Lease:
        """The lease as it stands. Raises LeaseLost or RigError."""
        current = await self._store.holder(self.lease.rig)
        if current is None or current.token != self.lease.token:
            raise lost_to(self.lease.rig, current)
        return current

    async def give_back(self) -> None:
        """Leave it to its holder."""


async def _taken(rig: str, store: LeaseStore, expires_after_s: float) -> HeldRig:
    """The rig, leased or joined. Raises Refused or RigError."""
    token = os.environ.get(JOIN_VARIABLE)
    current = await store.holder(rig) if token else None
    if current is not None and current.token == token:
        return JoinedRig(current, store)
    return HeldRig(await store.take(new_lease(rig, expires_after_s)), store)


@asynccontextmanager
async def hold(
    rig: str,
    store: LeaseStore,
    lines: Mapping[str, LineSettings],
    *,
    heartbeat_s: float = 10.0,
    expires_after_s: float = 45.0,
    trace: Trace | None = None,
    delays_s: Sequence[float] = DELAYS_S,
) -> AsyncIterator[HeldRig]:
    """Lease a rig and open its ports for as long as the context lasts; then everything is given back.

    Raises Refused where somebody else has the rig, PortMissing where a port cannot be had. Where the lease is lost in
    between, ports are closed and the body is cancelled, which ends the context in LeaseLost.
    """
    held = await _taken(rig, store, expires_after_s)
    beating = asyncio.create_task(held.beat(heartbeat_s))
    try:
        await held.open(lines, trace, delays_s)
        async with _interrupted_by(beating, held):
            yield held
    finally:
        beating.cancel()
        await held.close_ports()
        # A heartbeat that is on its way would write the lease down again behind us.
        await asyncio.wait([beating], timeout=_GIVE_BACK_WITHIN_S)
        await held.give_back()


@asynccontextmanager
async def _interrupted_by(beating: asyncio.Task[None], held: HeldRig) -> AsyncIterator[None]:
    """Cancel the body when the lease is lost, with the ports closed by then. Raises LeaseLost."""
    body = asyncio.current_task()
    assert body is not None  # noqa: S101 - we run in one
    cancelled = False

    async def watch() -> None:
        nonlocal cancelled
        await beating
        await held.close_ports()
        cancelled = body.cancel()

    watching = asyncio.create_task(watch())
    try:
        yield
        if cancelled:
            await asyncio.sleep(0)
    except (asyncio.CancelledError, RigError) as error:
        ours = cancelled and body.uncancel() == 0
        if held.loss is None or (isinstance(error, asyncio.CancelledError) and not ours):
            raise
        raise held.loss from held.loss.__cause__
    finally:
        watching.cancel()
