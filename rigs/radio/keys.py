"""Keys of a Zigbee network: the AES-MMO hash, and what is derived with it from install codes and shared secrets.

Source: Zigbee specification annex B (hash, keyed hash), Smart Energy annex C (key establishment), base device behaviour
(install codes).
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gbcs.errors import LocalError

BLOCK_BYTES = 16
_CRC_BYTES = 2
INSTALL_CODE_BYTES = (6, 8, 12, 16)
TRANSPORT_KEY, LOAD_KEY = 0x00, 0x02
"""What the keyed hash is taken of for the keys that carry a network key and a link key."""


def aes_mmo(data: bytes) -> bytes:
    """The Matyas-Meyer-Oseas hash with AES-128; of up to 8,191 bytes."""
    bits = 8 * len(data)
    if bits >= 1 << 16:
        raise LocalError(f"{len(data)} bytes are too many for this hash")
    padded = data + b"\x80" + bytes(-(len(data) + 3) % BLOCK_BYTES) + bits.to_bytes(2, "big")
    digest = bytes(BLOCK_BYTES)
    for start in range(0, len(padded), BLOCK_BYTES):
        block = padded[start : start + BLOCK_BYTES]
        digest = _xor(_encrypt(digest, block), block)
    return digest


def keyed_hash(key: bytes, data: bytes) -> bytes:
    """HMAC over the AES-MMO hash."""
    inner = aes_mmo(_xor(key, b"\x36" * BLOCK_BYTES) + data)
    return aes_mmo(_xor(key, b"\x5c" * BLOCK_BYTES) + inner)


def transport_key(link_key: bytes) -> bytes:
    """The key under which a trust centre sends the network key to a device that joins."""
    return keyed_hash(link_key, bytes((TRANSPORT_KEY,)))


def install_code_crc(code: bytes) -> bytes:
    """The two bytes that follow an install code on its label: CRC-16/X-25, low byte first."""
    crc = 0xFFFF
    for byte in code:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return (crc ^ 0xFFFF).to_bytes(_CRC_BYTES, "little")


def install_code_key(code: bytes) -> bytes:
    """The link key of an install code with its CRC. Raises LocalError where length or CRC are wrong."""
    if len(code) - _CRC_BYTES not in INSTALL_CODE_BYTES:
        lengths = ", ".join(str(size + _CRC_BYTES) for size in INSTALL_CODE_BYTES)
        raise LocalError(f"an install code of {len(code)} bytes (allowed, with its CRC: {lengths})")
    if install_code_crc(code[:-_CRC_BYTES]) != code[-_CRC_BYTES:]:
        raise LocalError("the CRC of the install code is wrong: is a digit mistyped?")
    return aes_mmo(code)


def established(shared_secret: bytes) -> tuple[bytes, bytes]:
    """The MAC key and the link key that key establishment derives from a shared secret."""
    first, second = (aes_mmo(shared_secret + number.to_bytes(4, "big")) for number in (1, 2))
    return first, second


def _encrypt(key: bytes, block: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - one block of a hash
    return encryptor.update(block) + encryptor.finalize()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
