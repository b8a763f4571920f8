"""Who has a rig, and the rule by which it changes hands. Where it is written down is another file's affair."""

from __future__ import annotations

import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from emulator.clock import utc_now
from gbcs.times import to_datetime
from rigs.errors import LeaseLost, RigError
from rigs.files import user


@dataclass(frozen=True, slots=True)
class Lease:
    """One record for lock and reservation; instants are seconds since 2000-01-01 UTC.

    ``pid`` is the process that holds the rig and beats, 0 where a person has it until ``reserved_until``.
    """

    rig: str
    owner: str
    host: str
    pid: int
    token: str
    taken_at: float
    heartbeat_at: float
    expires_at: float
    reserved_until: float = 0.0

    def is_live(self, at: float) -> bool:
        """Whether nobody else may take the rig at this instant."""
        return at < max(self.expires_at, self.reserved_until)

    def beaten(self, at: float) -> Lease:
        """The same, renewed for as long as it ran before."""
        return replace(self, heartbeat_at=at, expires_at=at + self.expires_at - self.heartbeat_at)

    def left(self, at: float) -> Lease | None:
        """What remains when its process ends: the person's reservation, if it still runs."""
        if self.reserved_until <= at:
            return None
        return replace(self, pid=0, heartbeat_at=at, expires_at=at)

    def holder(self) -> str:
        """Who has it and until when, as a person reads it."""
        who = f"{self.owner} on {self.host}" + (f" (process {self.pid})" if self.pid else "")
        until = max(self.expires_at, self.reserved_until)
        return f"{who} until {to_datetime(until).astimezone():%Y-%m-%d %H:%M:%S %Z}" + (
            ", renewed as long as it runs" if self.pid else ""
        )


class Refused(RigError):
    """Somebody else has the rig; ``lease`` says who and until when."""

    def __init__(self, lease: Lease) -> None:
        super().__init__(
            f"{lease.rig} is leased by {lease.holder()}", hint=f"wait, or: meterfarm rig release {lease.rig} --kick"
        )
        self.lease = lease


class LeaseStore(Protocol):
    """Where leases are written down. Every method raises RigError where that cannot be reached."""

    async def take(self, lease: Lease) -> Lease:
        """Write a new lease down, if the rig is free by then; the lease as written. Raises Refused."""

    async def renew(self, lease: Lease) -> None:
        """Write a heartbeat down. Raises LeaseLost where the rig has another holder or none by our leave."""

    async def release(self, lease: Lease) -> bool:
        """Give the rig back, if it is still this lease's; False, and nothing changes, where it is not."""

    async def kick(self, by: Lease) -> Lease | None:
        """Write down a lease that has run out (:func:`ended_lease`) over whatever stands there, and return that."""

    async def holder(self, rig: str) -> Lease | None:
        """The lease of a rig as written, which may have expired."""


def new_lease(
    rig: str, expires_after_s: float, *, reserve_s: float = 0.0, owner: str = "", process: bool = True
) -> Lease:
    """A lease of this process, or (``process`` False) of this person until ``reserve_s`` have passed."""
    now = utc_now()
    return Lease(
        rig=rig,
        owner=owner or user(),
        host=socket.gethostname(),
        pid=os.getpid() if process else 0,
        token=secrets.token_hex(16),
        taken_at=now,
        heartbeat_at=now,
        expires_at=now + expires_after_s if process else now,
        reserved_until=now + reserve_s if reserve_s else 0.0,
    )


def is_mine(lease: Lease) -> bool:
    """Whether a lease is of this person on this machine."""
    return (lease.owner, lease.host) == (user(), socket.gethostname())


def ended_lease(rig: str) -> Lease:
    """What is written over somebody's lease to take the rig from them: it names us, and lets anybody in."""
    return new_lease(rig, 0.0)


def lost_to(rig: str, current: Lease | None) -> LeaseLost:
    """How the holder of a lease hears that it stands no more."""
    if current is None:
        return LeaseLost(f"{rig} was taken from you: its lease is gone")
    if current.is_live(current.heartbeat_at):
        return LeaseLost(f"{rig} is leased by {current.holder()} by now")
    return LeaseLost(f"{rig} was taken from you by {current.owner} on {current.host}")


def entitled(wanted: Lease, current: Lease | None) -> Lease | None:
    """``wanted`` as it may be written over ``current``, or None where the rig is somebody else's.

    A free rig and one whose lease has run out are anybody's. A person's own reservation lets their processes in, one
    at a time, and stays. What has run out as it is written (:func:`ended_lease`) goes over everything.
    """
    if current is None or current.token == wanted.token or not current.is_live(wanted.heartbeat_at):
        return wanted
    if not wanted.is_live(wanted.heartbeat_at):
        return wanted
    if current.pid == 0 and (current.owner, current.host) == (wanted.owner, wanted.host):
        return replace(wanted, reserved_until=max(current.reserved_until, wanted.reserved_until))
    return None


def to_text(lease: Lease) -> bytes:
    """A lease as JSON."""
    return json.dumps(asdict(lease)).encode()


def from_text(text: bytes) -> Lease | None:
    """The lease in JSON; None where there is none. Raises RigError for anything else."""
    if not text.strip():
        return None
    try:
        return Lease(**json.loads(text))
    except (ValueError, TypeError):
        raise RigError("what is written down of the lease cannot be read: meterfarm rig release RIG --kick") from None
