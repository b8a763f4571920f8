"""Payloads coded before they are encrypted, or by the hub where they are in clear: every coding has its way back."""

from emulator.compression.payload.coding import code_plaintext, decode_plaintext
from emulator.compression.payload.rows import pack_rows, unpack_rows

__all__ = ["code_plaintext", "decode_plaintext", "pack_rows", "unpack_rows"]
