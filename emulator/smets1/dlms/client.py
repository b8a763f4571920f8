"""A head-end's end of a DLMS association, as scripts of APDUs for :mod:`emulator.smets1.conversation`.

What carries the APDUs is another script around these: :func:`emulator.smets1.dlms.wrapper_client.over_wrapper`,
:func:`emulator.smets1.dlms.hdlc_client.over_hdlc`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from emulator.smets1.conversation import Say, Script
from emulator.smets1.dlms.acse import Diagnostic
from emulator.smets1.dlms.apdu import AccessError, Service
from emulator.smets1.dlms.ciphering import FUSED_ENVELOPE, TITLE_SIZE, SecurityKeys
from emulator.smets1.dlms.data import FUSED_DATA, Data
from emulator.smets1.dlms.requests import (
    BLOCK,
    CIPHERED,
    block_data,
    get_request,
    gmac_aarq,
    next_block,
    plain_aarq,
    proof_request,
    read_aare,
    rlrq,
)
from gbcs.errors import LocalError, RemoteError

_NOTIFICATIONS = frozenset((0x0F, 0xC2, 0xCA))
"""Data and event notifications, which a meter may say at any time: passed over."""
_MAX_VALUE_BYTES = 4 << 20

_HINTS = {
    Diagnostic.AUTHENTICATION_FAILURE: "check the password or the keys",
    Diagnostic.MECHANISM_NOT_RECOGNISED: "this client of the meter wants another security",
    Diagnostic.MECHANISM_REQUIRED: "this client of the meter wants a password or keys",
    Diagnostic.CONTEXT_NOT_SUPPORTED: "this client of the meter wants another security",
    Diagnostic.NO_REASON: "does the meter know a client of this SAP?",
}


class MeterRefuses(RemoteError):
    """The meter refuses what was asked; ``code`` is the data-access result, where it gave one."""

    def __init__(self, message: str, *, field: str, code: int | None = None, hint: str = "") -> None:
        super().__init__(message, field=field, hint=hint)
        self.code = code


@dataclass(slots=True)
class Client:
    """One client of a meter, and what an association with it needs.

    ``keys`` are those of the meter under our own title, for ``gmac``; ``challenge`` must be fresh each time.

    Does not model: dedicated keys, several requests at once, general block transfer, short names, writing.
    """

    security: Literal["none", "lls", "gmac"]
    password: bytes = field(default=b"", repr=False)
    keys: SecurityKeys | None = field(default=None, repr=False)
    challenge: bytes = b""
    meter_title: bytes = field(default=b"", init=False)

    def __post_init__(self) -> None:
        """Raises LocalError where the security lacks what it needs."""
        if self.security == "lls" and not self.password:
            raise LocalError("an association with LLS needs a password")
        if self.security == "gmac" and (self.keys is None or not 8 <= len(self.challenge) <= 64):
            raise LocalError("an association with HLS-GMAC needs keys, and a challenge of 8 to 64 bytes")

    def associate(self) -> Script[bytes, None]:
        """Open the association. Raises MeterRefuses, AuthenticationError."""
        keys = self.keys if self.security == "gmac" else None
        say = gmac_aarq(keys, self.challenge) if keys is not None else plain_aarq(self.security, self.password)
        answer = yield from _ask(say)
        if answer[:1] == bytes((Service.EXCEPTION,)):
            raise _exceptional(answer)
        aare = read_aare(answer)
        if aare.result:
            raise _rejected(aare.diagnostic.value)
        if keys is None:
            return
        self.meter_title = aare.responding_title or b""
        if len(self.meter_title) != TITLE_SIZE:
            raise MeterRefuses("the meter opens a ciphered association without its title", field="AARE")
        if aare.user_information:
            keys.open(self.meter_title, FUSED_ENVELOPE.parse(aare.user_information))
        yield from self._prove(keys, aare.authentication or b"")

    def read(self, class_id: int, instance: bytes, attribute: int, selection: bytes = b"") -> Script[bytes, bytes]:
        """The encoded value of an attribute, put together where it comes in blocks. Raises MeterRefuses."""
        answer = yield from self._serve(get_request(class_id, instance, attribute, selection))
        if answer[:2] == bytes((Service.GET_RESPONSE, 1)):
            if answer[3]:
                raise _denied(answer[4])
            return answer[4:]
        return (yield from self._blocks(answer))

    def value(self, class_id: int, instance: bytes, attribute: int) -> Script[bytes, Data]:
        """The value of an attribute. Raises MeterRefuses, DecodeError."""
        found: Data = FUSED_DATA.parse((yield from self.read(class_id, instance, attribute)))
        return found

    def release(self) -> Script[bytes, None]:
        """End the association; whatever the meter says to it."""
        yield from _ask(rlrq())

    # ------------------------------------------------------------------ services

    def _blocks(self, answer: bytes) -> Script[bytes, bytes]:
        parts: list[bytes] = []
        while True:
            _, form, _, last, number, failed = BLOCK.unpack_from(answer.ljust(BLOCK.size))
            if form != 2 or failed:
                raise _denied(answer[-1])
            if number != len(parts) + 1:
                raise MeterRefuses(f"block {number} came, not block {len(parts) + 1}", field="GET")
            parts.append(block_data(answer))
            if sum(map(len, parts)) > _MAX_VALUE_BYTES:
                raise MeterRefuses("a value does not end", field="GET")
            if last:
                return b"".join(parts)
            answer = yield from self._serve(next_block(number))

    def _serve(self, plain: bytes) -> Script[bytes, bytes]:
        """The plain answer to a plain service, ciphered on the way where the association is."""
        if self.security != "gmac" or self.keys is None:
            answer = yield from _ask(plain)
        else:
            answer = yield from _ask(self.keys.envelope(0, CIPHERED[Service(plain[0])], plain))
            if answer[:1] != bytes((Service.EXCEPTION,)):
                answer = self.keys.open(self.meter_title, FUSED_ENVELOPE.parse(answer))
        if len(answer) < 5 or answer[0] not in (Service.GET_RESPONSE, Service.ACTION_RESPONSE):
            raise _exceptional(answer)
        return answer

    def _prove(self, keys: SecurityKeys, challenge: bytes) -> Script[bytes, None]:
        """Pass 3 of HLS; the meter's own proof comes back as pass 4."""
        before = keys.last_of.get(self.meter_title, 0)
        answer = yield from self._serve(proof_request(keys.prove(challenge)))
        if answer[3] or not answer[4]:
            raise MeterRefuses("the meter rejects our proof", field="HLS", hint="check the authentication key")
        tag = FUSED_DATA.parse(answer[6:]).value
        if not isinstance(tag, bytes) or not keys.proven(self.meter_title, self.challenge, tag, before):
            raise MeterRefuses("the meter's own proof is wrong", field="HLS", hint="its keys are not these")


_EXCEPTIONS = {
    b"\xd8\x01\x06": "our invocation counter is too low: the meter has seen higher ones",
    b"\xd8\x01\x05": "the meter cannot decipher it: check the encryption key",
}


def _ask(apdu: bytes) -> Script[bytes, bytes]:
    """The answer to an APDU; what the meter says of its own accord is passed over."""
    answer = yield Say(apdu)
    while answer[:1] and answer[0] in _NOTIFICATIONS:
        answer = yield Say()
    return answer


def _exceptional(answer: bytes) -> MeterRefuses:
    return MeterRefuses(f"the meter answers {answer.hex()}", field="service", hint=_EXCEPTIONS.get(answer[:3], ""))


def _rejected(diagnostic: int) -> MeterRefuses:
    known = diagnostic in set(Diagnostic)
    name = Diagnostic(diagnostic).name.lower().replace("_", " ") if known else f"diagnostic {diagnostic}"
    hint = _HINTS.get(Diagnostic(diagnostic), "") if known else ""
    return MeterRefuses(f"the meter rejects the association: {name}", field="AARE", hint=hint)


def _denied(code: int) -> MeterRefuses:
    name = AccessError(code).name.lower().replace("_", " ") if code in set(AccessError) else f"result {code}"
    return MeterRefuses(f"the meter denies access: {name}", field="GET", code=code)
