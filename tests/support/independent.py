"""A second, independent reader of GBCS read answers: ``struct``, ``hashlib`` and ``cryptography`` only.

It shares no line with the product, so that an error made alike on both sides of the product shows. It is written
straight from the format, position by position, and knows only what the seven settlement reads need.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Secret = Callable[[bytes, bytes], bytes]
"""(one party, other party) -> 32-byte ECDH secret."""


def read_length(data: bytes, at: int) -> tuple[int, int]:
    """A BER length and the position after it."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def split(data: bytes) -> dict[str, bytes]:
    """Take a MAC'd message apart; checks only the outer markers."""
    assert data[:7] == bytes.fromhex("dd000000000000")
    total, at = read_length(data, 7)
    assert at + total == len(data)
    assert data[at : at + 5] == bytes.fromhex("1100000000")
    start = at + 5
    assert data[start : start + 2] == b"\xdf\x09"
    parts = {"covered": data[start:-12], "mac": data[-12:], "transaction": data[start + 1 : start + 11]}
    at = start + 11
    for name in ("originator", "recipient", "time", "other", "content", "signature"):
        size, at = read_length(data, at)
        parts[name] = data[at : at + size]
        at += size
    assert at == len(data) - 12
    return parts


def kdf(secret: bytes, kind: int, originator: bytes, counter: bytes, recipient: bytes) -> bytes:
    """The message key."""
    info = bytes.fromhex("60857406080300") + originator + bytes((9, kind)) + counter + recipient
    return sha256(struct.pack(">I", 1) + secret + info).digest()[:16]


def gcm_tag(key: bytes, iv: bytes, aad: bytes) -> bytes:
    """A GMAC, cut to twelve bytes."""
    encryptor = Cipher(algorithms.AES(key), modes.GCM(iv)).encryptor()
    encryptor.authenticate_additional_data(aad)
    encryptor.finalize()
    return encryptor.tag[:12]


def mac_is_right(parts: dict[str, bytes], secret: bytes) -> bool:
    """Whether the MAC belongs to the message under a secret."""
    kind, counter = parts["transaction"][1], parts["transaction"][2:]
    key = kdf(secret, kind, parts["originator"], counter, parts["recipient"])
    iv = parts["originator"] + bytes(4)
    return gcm_tag(key, iv, bytes.fromhex("110000000000") + parts["covered"]) == parts["mac"]


def decrypt(parts: dict[str, bytes], blob: bytes, secret: Secret) -> bytes:
    """The plaintext of a response's blob; the key is the supplementary party's where the device counter is there."""
    other = parts["other"]
    party, counter = parts["recipient"], parts["transaction"][2:]
    if len(other) == 26:
        party, counter = other[2:10], other[18:26]
    device = parts["originator"]
    key = kdf(secret(device, party), 4, device, counter, party)
    assert blob[:5] == bytes.fromhex("3100000000")
    decryptor = Cipher(algorithms.AES(key), modes.GCM(device + bytes(4), blob[-12:], min_tag_length=12)).decryptor()
    decryptor.authenticate_additional_data(b"\x31")
    return decryptor.update(blob[5:-12]) + decryptor.finalize()


def rows_of(data: bytes, at: int = 0) -> list[tuple[int, ...]]:
    """The rows of a compact array of uint32 values."""
    assert data[at : at + 2] == b"\x13\x02", data[at : at + 2].hex()
    columns, at = data[at + 2], at + 3
    width = 0
    for _ in range(columns):
        if data[at] == 0x01:  # an array of uint32
            width += struct.unpack_from(">H", data, at + 1)[0]
            assert data[at + 3] == 0x06
            at += 4
        else:
            assert data[at] == 0x06
            width += 1
            at += 1
    size, at = read_length(data, at)
    assert at + size == len(data) or data[at + size :] == b"\x01\x01\x00", data[at + size :].hex()
    return [struct.unpack_from(f">{width}I", data, at + 4 * width * i) for i in range(size // (4 * width))]


def registers_of(data: bytes) -> list[int]:
    """The uint32 values in a run of register values and their scaler-unit structures."""
    found, at = [], 0
    while at < len(data):
        if data[at] == 0x06:
            found.append(struct.unpack_from(">I", data, at + 1)[0])
            at += 5
        elif data[at : at + 3] == b"\x02\x02\x0f":
            at += 6
        else:
            break
    return found


def read_response(data: bytes, acb_secret_not_needed: None, secret: Secret) -> tuple[str, list[tuple[int, ...]]]:
    """("rows", rows) or ("registers", [(value, ..)]) or ("error", [(code,)]) of one answer. Checks the MAC."""
    parts = split(data)
    assert mac_is_right(parts, secret(parts["originator"], parts["recipient"]))
    content = parts["content"]
    assert content[0] == 0xDA and content[5:7] == bytes(2)
    items, at = content[7], 8
    if content[at] == 0x00:
        kinds = content[at + items + 1 :]
        return "error", [(kinds[1],)]
    if content[at : at + 4] == bytes.fromhex("02020101"):
        blob_at = content.index(bytes.fromhex("020202090102" + "0900" + "09"), at) + 9
        size, blob_at = read_length(content, blob_at)
        plain = decrypt(parts, content[blob_at : blob_at + size], secret)
        assert plain[:2] == b"\x02\x01"
        if plain[2] == 0x13:
            return "rows", rows_of(plain, 2)
        assert plain[2] == 0x02
        return "registers", [tuple(registers_of(plain[4:]))]
    if content[at] == 0x13:
        return "rows", rows_of(content, at)
    return "registers", [tuple(registers_of(content[at:]))]
