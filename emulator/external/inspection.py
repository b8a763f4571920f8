"""What is checked of a command that somebody else's head-end sent: MAC, signature, use case, permission, counter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from gbcs import eui64, framing
from gbcs.catalogue import UseCase, find
from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64
from gbcs.framing import Cra, Message
from gbcs.keystore import KeyStore
from gbcs.roles import RemotePartyRole
from gbcs.security import Check, verify
from gbcs.times import iso
from gbcs.versions import permitted

NO_ANSWER = "no answer"


@dataclass(slots=True)
class Arrival:
    """One message that came, what is wrong with it (nothing where ``problems`` is empty), and what became of it."""

    at: float
    size: int
    device: Eui64 | None = None
    originator: Eui64 | None = None
    use_case: str = ""
    counter: int = 0
    mac: Check = Check.NONE
    signature: Check = Check.NONE
    problems: list[str] = field(default_factory=list)
    outcome: str = NO_ANSWER
    answered_after_s: float | None = None

    def content(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "at": iso(self.at),
            "bytes": self.size,
            "device": eui64.show(self.device) if self.device else "",
            "originator": eui64.show(self.originator) if self.originator else "",
            "use_case": self.use_case,
            "counter": self.counter,
            "mac": self.mac.value,
            "signature": self.signature.value,
            "problems": self.problems,
            "outcome": self.outcome,
            "answered_after_s": None if self.answered_after_s is None else round(self.answered_after_s, 3),
        }


@dataclass(slots=True)
class _Used:
    """The counters of one party to one device: the highest, and which bytes each was used for."""

    highest: int = -1
    digests: dict[int, bytes] = field(default_factory=dict)


class Inspector:
    """Checks every command by itself, with the keys of its device and all counters that came before.

    Does not model: what the device decides, which its answer or its silence shows; certificates' chains and validity.
    """

    def __init__(self, keys: Mapping[Eui64, KeyStore], acb: Eui64, gbcs_version: str) -> None:
        """``keys`` by device."""
        self._keys, self._acb, self._version = keys, acb, gbcs_version
        self._used: dict[tuple[Eui64, Eui64], _Used] = {}

    def inspect(self, frame: bytes, now: float) -> Arrival:
        """What can be said of a message before the device has it. Never raises on bad bytes."""
        found = Arrival(now, len(frame))
        try:
            message = framing.decode(frame)
        except DecodeError as error:
            found.problems.append(f"no GBCS message: {error}")
            return found
        found.device, found.originator = message.recipient, message.originator
        found.counter = message.originator_counter
        use_case = find(message.message_code)
        found.use_case = use_case.use_case if use_case is not None else f"{message.message_code:04X}"
        keys = self._keys.get(message.recipient)
        if message.cra != Cra.COMMAND:
            found.problems.append("not a command")
        elif keys is None:
            found.problems.append(f"{eui64.show(message.recipient)} is no device of this run")
        else:
            self._check(found, message, frame, keys, use_case)
        return found

    def _check(self, found: Arrival, message: Message, frame: bytes, keys: KeyStore, use_case: UseCase | None) -> None:
        verdict = verify(message, keys, self._acb)
        found.mac, found.signature = verdict.mac, verdict.signature
        if not verdict.ok:
            found.problems.append(verdict.reason)
        role = keys.certificate_role(message.originator)
        found.problems += _permission(use_case, role, self._version)
        if verdict.mac is Check.VERIFIED:
            found.problems += self._freshness(message, frame)

    def _freshness(self, message: Message, frame: bytes) -> list[str]:
        """Counters only rise; the same bytes once more are a resend. What is not authentic counts nothing."""
        counter, digest = message.originator_counter, blake2b(frame, digest_size=16).digest()
        used = self._used.setdefault((message.originator, message.recipient), _Used())
        before, highest = used.digests.get(counter), used.highest
        used.digests.setdefault(counter, digest)
        used.highest = max(highest, counter)
        if before is not None and before != digest:
            return [f"counter {counter} was used before, for other bytes: a replay to the device"]
        if before is None and counter < highest:
            return [f"counter {counter} is below {highest}, which this party has used already"]
        return []


def _permission(use_case: UseCase | None, role: RemotePartyRole | None, version: str) -> list[str]:
    if use_case is None:
        return ["the message code is in no catalogue"]
    if role is None:
        return ["the originator is no party of the key store"]
    if not permitted(use_case, role, version):
        return [f"{use_case.use_case} is not permitted to role {role.name.lower().replace('_', ' ')}"]
    return []
