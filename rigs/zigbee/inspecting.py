"""What a dongle is, and what it cannot do: asked of it where it can say, and said where none from a shop can."""

from __future__ import annotations

from dataclasses import dataclass

from gbcs import eui64
from rigs.errors import RigError
from rigs.ezsp.cbke import local_certificate
from rigs.ezsp.client import EzspClient, open_module
from rigs.ezsp.status import Value
from rigs.ports.port import Port

_SUBJECT, _ISSUER = slice(28, 36), slice(11, 19)
_MFG_STRING, _MFG_BOARD = 0x01, 0x02

NO_SUB_GHZ = "2.4 GHz alone: a meter or hub on 868 MHz needs a dual-PHY module and its maker's software"
NO_PRODUCTION = (
    "a production hub lets in only devices that the DCC has put in its device log, with production certificates: use a"
    " hub on a DCC test environment, with this EUI-64 and an install code enrolled there"
)


@dataclass(frozen=True, slots=True)
class DongleFact:
    """One thing about a dongle; ``passed`` is None for what is only to be known."""

    what: str
    passed: bool | None
    says: str


async def inspect_dongle(port: Port, *, cbke: bool = True) -> tuple[DongleFact, ...]:
    """Ask the dongle at a port. ``cbke``: whether key establishment is wanted. Raises RigError where none answers."""
    client = await open_module(_Kept(port))
    try:
        return (
            await _identity(client),
            await _cbke(client, wanted=cbke),
            DongleFact("radio", None, NO_SUB_GHZ),
            DongleFact("hub", None, NO_PRODUCTION),
        )
    finally:
        await client.close()


async def _identity(client: EzspClient) -> DongleFact:
    eui = (await client.ask("getEui64"))["eui"]
    texts = [await _token(client, number) for number in (_MFG_STRING, _MFG_BOARD)]
    named = " ".join(text for text in texts if text) or "unnamed"
    return DongleFact(
        "dongle", True, f"{named}, EZSP {client.version}, EmberZNet {await _firmware(client)}, {eui64.show(eui)}"
    )


async def _firmware(client: EzspClient) -> str:
    """The version string: four numbers and the build."""
    found = await client.ask("getValue", id=int(Value.VERSION_INFO))
    value = found["value"]
    if found["status"] or len(value) < 6:
        major, rest = client.stack_version >> 12, client.stack_version & 0xFFF
        return f"{major}.{rest >> 8}.{rest >> 4 & 0xF}"
    build = int.from_bytes(value[:2], "little")
    return f"{value[2]}.{value[3]}.{value[4]}.{value[5]} build {build}"


async def _token(client: EzspClient, number: int) -> str:
    value: bytes = (await client.ask("getMfgToken", token=number))["value"]
    text = value.rstrip(b"\xff\x00")
    return text.decode("ascii") if text.isascii() else ""


async def _cbke(client: EzspClient, *, wanted: bool) -> DongleFact:
    try:
        certificate = await local_certificate(client)
    except RigError as error:
        if client.failure is not None:
            raise
        return DongleFact("cbke", False if wanted else None, str(error))
    subject, own = certificate[_SUBJECT], (await client.ask("getEui64"))["eui"]
    if subject != own:
        return DongleFact("cbke", False, f"the certificate is that of {eui64.show(subject)}, not of this module")
    return DongleFact("cbke", True, f"suite 2 (283k1), certificate by {_issuer(certificate[_ISSUER])}")


def _issuer(issuer: bytes) -> str:
    return issuer.decode("ascii") if issuer.isalnum() and issuer.isascii() else eui64.show(issuer)


class _Kept:
    """A port that stays open: whoever looks at it gives it back himself."""

    def __init__(self, port: Port) -> None:
        self.url, self.read, self.write, self.configure = port.url, port.read, port.write, port.configure

    async def close(self) -> None:
        """Leave it open."""
