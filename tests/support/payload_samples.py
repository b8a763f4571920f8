"""Payloads of the gas, ASN.1 and alert families, made by hand field by field: what their decoders are fed."""

from __future__ import annotations

from gbcs.framing import Cra, Message, OtherInformation

DEVICE, PARTY = bytes.fromhex("024d460000000001"), bytes.fromhex("024d460000000002")


def _gbz(*components: str) -> bytes:
    return bytes.fromhex(f"0109{len(components):02x}" + "".join(components).replace(" ", ""))


def _component(control: str, cluster: str, body: str) -> str:
    data = body.replace(" ", "")
    return f"{control} {cluster} {len(data) // 2:04x} {data}"


READ_ATTRIBUTES = _component("00", "0702", "00 00 00  0000 0003")
PRICES = _component(
    "11", "0700", "30f2d480  09 01 05  01000000 02000000 80d4f230 07000000 00 01 00  01 e8030000 02 d0070000"
)
THRESHOLDS = _component(
    "01", "0700", "09 00 06  01000000 02000000 80d4f230 07000000 00 01 01  12 0a0000000000 ffffffffffff"
)
ATTRIBUTES = _component(
    "00", "0702", "08 00 01  0000 00 25 0102030405ff  0003 c0  0703 00 41 03 616263  0103 00 22 e80300"
)
DEFAULT = _component("01", "0702", "00 01 0b  06 8b")
UNKNOWN = _component("01", "0b05", "01 00 77  deadbeef")
ENCRYPTED = _component("03", "0702", "00 00 18 00 01 0012 31 00000000 0a 000102030405060708090a0b")
SNAPSHOT = (
    "0c000000 80d4f230 02 00 01 08000000 06900000000000 02 6c0000000000 ea0000000000 12 4a0000000000 300000000000"
)

GBZ = {
    "commands": _gbz(READ_ATTRIBUTES, PRICES),
    "thresholds": _gbz(THRESHOLDS),
    "answers": _gbz(ATTRIBUTES, DEFAULT),
    "unknown": _gbz(UNKNOWN),
    "encrypted": _gbz(ENCRYPTED),
}
ALERTS = {
    "generic": bytes.fromhex("010900 8f30 30f2d480"),
    "executed": bytes.fromhex("010901 8f66 30f2d480 0e 006b 00000000000003ed 0700 09 05".replace(" ", "")),
    "firmware": bytes.fromhex("010901 8f72 30f2d480 09 20".replace(" ", "")) + bytes(range(32)),
    "integrity": bytes.fromhex("010901 81a0 30f2d480 0005".replace(" ", "")),
    "billing": bytes.fromhex("0109018f0a30f2d480" + ENCRYPTED.replace(" ", "")),
}


def tlv(tag: int, *parts: bytes | str, octets: int = 0) -> bytes:
    """A node around its parts; ``octets`` length bytes behind the first, also where they are not needed."""
    content = b"".join(bytes.fromhex(part) if isinstance(part, str) else part for part in parts)
    length = bytes((0x80 + octets,)) + len(content).to_bytes(octets, "big") if octets else bytes((len(content),))
    return bytes((tag,)) + length + content


def time(text: str) -> bytes:
    """A GeneralizedTime."""
    return tlv(0x18, text.encode())


_CELL = tlv(0x30, "020102", "03020780")
_OUTCOME = tlv(0x30, _CELL, "0a0100", *(tlv(0x04, bytes(8)) for _ in range(4)))
_UPDATE = tlv(0x30, "020203e8", "020102", tlv(0x30, octets=1), tlv(0x30, _OUTCOME, octets=2), octets=2)
ASN1 = {
    (0x0008, 1): tlv(0x30, _CELL, tlv(0x30, "020102", "020103")),
    (0x0102, 1): tlv(
        0x30,
        tlv(
            0x30,
            "020102",
            "810101",
            tlv(0xA2, "020102", "03020780"),
            "830203e8",
            "840100",
            tlv(0xA5, tlv(0x30, "020100", "020100")),
        ),
        tlv(0x30, tlv(0x30, tlv(0x30, "020107"), _CELL)),
        tlv(0x30, tlv(0x30, "020108")),
        time("99991231235959Z"),
    ),
    (0x0102, 2): tlv(0x30, "0500", _UPDATE, octets=3),
    (0x00CB, 3): tlv(0x30, "0203008f66", time("20300115000000Z"), _UPDATE, octets=2),
    (0x0129, 2): tlv(0x30, "04040123abcd", "020100"),
    (0x000D, 1): tlv(0x30, "020100", "0408024d460000000009", "020104"),
    (0x007F, 1): tlv(0x30, time("20260101000000Z"), time("20260101010000Z")),
    (0x0013, 2): tlv(0x30, "020100", tlv(0x30, tlv(0x30, "0408024d460000000009", "020105")), octets=2),
    (0x00CA, 3): tlv(0x30, "0203008f66", time("20300115000000Z"), "020203e8", tlv(0x30, "020100", "040401020304")),
    (0x00B2, 3): tlv(0x30, "0203008f66", time("20300115000000Z"), tlv(0x30, octets=2), octets=1),
    (0x0010, 1): tlv(0x04, bytes(8)),
    (0x000F, 2): bytes.fromhex("02010b"),
    (0x0012, 2): bytes.fromhex("0500"),
    (0x7777, 2): tlv(0x30, tlv(0x31, "0101ff"), tlv(0xA0, "0c0161")),
}
"""By message code and direction."""

NOTIFICATIONS = {
    0x00CC: "128f66 090c07df0101ff000000008000ff 0913 0019 00000000000003f0 2328 00005e2c8002 06",
    0x0120: "128f85 090c07df0101ff000000008000ff 090a 0012 00000000000186a0",
    0x0067: "128f36 090c07df0101ff000000008000ff 090c07df0101ff000000008000ff 090c07df0101ff000000008000ff",
    0x1000: "128f30 090c07df0101ff000000008000ff",
}


def notification(message_code: int) -> bytes:
    """The content of a DLMS alert."""
    body = bytes.fromhex(NOTIFICATIONS[message_code].replace(" ", ""))
    items = {0x1000: 2, 0x0067: 4}.get(message_code, 3)
    return bytes.fromhex("0f 20000007 00 02".replace(" ", "")) + bytes((items,)) + body


def message(content: bytes, message_code: int, cra: int = Cra.RESPONSE) -> Message:
    """An unprotected message around a content: signed-only in form, with an empty signature."""
    return Message(cra, 7, DEVICE, PARTY, b"", OtherInformation(message_code), content)


def messages() -> list[Message]:
    """One message for each sample."""
    made = [
        message(content, 0x0074, Cra.COMMAND if name == "commands" else Cra.RESPONSE) for name, content in GBZ.items()
    ]
    made += [message(content, 0x00CD, Cra.ALERT) for content in ALERTS.values()]
    made += [message(content, code, cra) for (code, cra), content in ASN1.items()]
    return made + [message(notification(code), code, Cra.ALERT) for code in NOTIFICATIONS]
