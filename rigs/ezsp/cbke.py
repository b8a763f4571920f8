"""Key establishment over a module: the module computes, its host exchanges the messages. Either side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Final, TypeVar

from gbcs import eui64
from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64
from rigs.errors import RigError, RigTimeout
from rigs.ezsp.client import EzspClient
from rigs.ezsp.key_establishment import (
    SUITE_2,
    ConfirmKey,
    EphemeralData,
    Initiate,
    KeyCommand,
    Terminate,
    TerminateStatus,
    decode,
    encode,
    terminated,
)
from rigs.ezsp.status import Status, name_of

STEP_S: Final = 30.0
"""How long the other side may take for one step; modules without hardware for it take seconds to compute."""
_SUBJECT = slice(28, 36)
_STARTED = (Status.SUCCESS, Status.OPERATION_IN_PROGRESS)

T = TypeVar("T", bound=KeyCommand)

Send = Callable[[bytes], Awaitable[None]]
"""Sends a payload on the key establishment cluster to the partner."""

NO_LIBRARY = (
    "the module's firmware has no key establishment (CBKE): meters and hubs of GB join with it alone; Silicon Labs"
    " gives out images with the Certicom library on request, and each needs certificates (rigs/zigbee/README.md)"
)


async def local_certificate(client: EzspClient) -> bytes:
    """The module's certificate. Raises RigError, saying what to buy, where the firmware has none."""
    try:
        found = await client.ask("getCertificate283k1")
    except RigTimeout:
        raise
    except RigError as error:
        if client.failure is not None:
            raise
        raise RigError(NO_LIBRARY) from error
    if found["status"]:
        raise RigError(f"{NO_LIBRARY}; getCertificate283k1 says {name_of(found['status'])}")
    return bytes(found["certificate"])


class Establishment:
    """One key establishment with one partner: run :meth:`initiate` or :meth:`respond`, and :meth:`hear` what comes."""

    def __init__(self, client: EzspClient, partner: Eui64, send: Send) -> None:
        self.partner = partner
        self._client, self._send = client, send
        self._heard: asyncio.Queue[tuple[KeyCommand, int]] = asyncio.Queue()
        self._sequence = 0

    def hear(self, payload: bytes) -> None:
        """Take a payload of the partner; one that is no command is left alone."""
        try:
            command, sequence, _ = decode(payload)
        except DecodeError:
            return
        self._heard.put_nowait((command, sequence))

    async def initiate(self) -> None:
        """Be the one who asks: a device that has joined. Raises RigError where no key comes of it."""
        own = await local_certificate(self._client)
        theirs = await self._exchange(Initiate(own), Initiate)
        await self._check(theirs)
        ephemeral = await self._ephemeral()
        other = await self._exchange(EphemeralData(ephemeral), EphemeralData)
        mine, expected = await self._smacs(theirs.certificate, other.key, initiator=True)
        answer = await self._exchange(ConfirmKey(mine), ConfirmKey)
        await self._check_code(answer.smac, expected)
        await self._keep()

    async def respond(self) -> None:
        """Be the one who is asked: a trust centre. Raises RigError where no key comes of it."""
        own = await local_certificate(self._client)
        asked, sequence = await self._expect(Initiate)
        await self._check(asked)
        await self._say(Initiate(own), sequence)
        other, sequence = await self._expect(EphemeralData)
        await self._say(EphemeralData(await self._ephemeral()), sequence)
        confirm, sequence = await self._expect(ConfirmKey)
        expected, mine = await self._smacs(asked.certificate, other.key, initiator=False)
        await self._check_code(confirm.smac, expected)
        await self._say(ConfirmKey(mine), sequence)
        await self._keep()

    # ------------------------------------------------------------------ messages

    async def _exchange(self, command: KeyCommand, kind: type[T]) -> T:
        self._sequence = (self._sequence + 1) & 0xFF
        await self._send(encode(command, self._sequence, response=False))
        found, _ = await self._expect(kind)
        return found

    async def _say(self, command: KeyCommand, sequence: int) -> None:
        await self._send(encode(command, sequence, response=True))

    async def _expect(self, kind: type[T]) -> tuple[T, int]:
        try:
            async with asyncio.timeout(STEP_S):
                found, sequence = await self._heard.get()
        except TimeoutError:
            raise RigTimeout(f"{self._name} sends no {kind.__name__} within {STEP_S:g} s") from None
        if isinstance(found, Terminate):
            raise RigError(f"{self._name} ends the key establishment: {terminated(found)}")
        if not isinstance(found, kind):
            await self._terminate(TerminateStatus.BAD_MESSAGE)
            raise RigError(f"{self._name} sends {type(found).__name__} in place of {kind.__name__}")
        return found, sequence

    async def _check(self, asked: Initiate) -> None:
        if asked.suite != SUITE_2:
            await self._terminate(TerminateStatus.UNSUPPORTED_SUITE)
            raise RigError(f"{self._name} wants suite {asked.suite:#06x}: GB knows suite 2 alone")
        if asked.certificate[_SUBJECT] != self.partner:
            await self._terminate(TerminateStatus.INVALID_CERTIFICATE)
            subject = eui64.show(asked.certificate[_SUBJECT])
            raise RigError(f"{self._name} shows the certificate of {subject}")

    async def _terminate(self, status: TerminateStatus) -> None:
        await self._send(encode(Terminate(status), self._sequence, response=False))

    # ------------------------------------------------------------------ the module computes

    async def _ephemeral(self) -> bytes:
        computed = await self._computed("generateCbkeKeys283k1", "generateCbkeKeysHandler283k1")
        return bytes(computed["ephemeral"])

    async def _smacs(self, certificate: bytes, ephemeral: bytes, *, initiator: bool) -> tuple[bytes, bytes]:
        found = await self._computed(
            "calculateSmacs283k1", "calculateSmacsHandler283k1",
            initiator=int(initiator), certificate=certificate, ephemeral=ephemeral,
        )  # fmt: skip
        return found["initiator_smac"], found["responder_smac"]

    async def _computed(self, command: str, handler: str, **values: object) -> dict[str, bytes]:
        done = self._client.expect(handler)
        try:
            found = await self._client.ask(command, **values)
            if found["status"] not in _STARTED:
                raise RigError(f"{command} ended in {name_of(found['status'])}")
            async with asyncio.timeout(STEP_S):
                computed = await done
        except TimeoutError:
            raise RigTimeout(f"the module does not finish {command} within {STEP_S:g} s") from None
        finally:
            done.cancel()
        if computed["status"]:
            await self._terminate(TerminateStatus.INVALID_CERTIFICATE)
            raise RigError(f"{command} of {self._name} ended in {name_of(computed['status'])}")
        return computed

    async def _check_code(self, smac: bytes, expected: bytes) -> None:
        if not compare_digest(smac, expected):
            await self.forget()
            await self._terminate(TerminateStatus.BAD_KEY_CONFIRM)
            raise RigError(f"{self._name} has another key: its authentication code is wrong")

    async def _keep(self) -> None:
        await self._client.do("clearTemporaryDataMaybeStoreLinkKey283k1", store=1)

    async def forget(self) -> None:
        """Have the module forget what it computed."""
        await self._client.ask("clearTemporaryDataMaybeStoreLinkKey283k1", store=0)

    @property
    def _name(self) -> str:
        return eui64.show(self.partner)
