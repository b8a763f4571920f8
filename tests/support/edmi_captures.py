"""Frames captured from a third party's tool, published with the tests of an open implementation of EDMI."""

from __future__ import annotations

LOGIN = bytes.fromhex("02450efaaa45012b1668ffff4c") + b"EDMI,IMDEIMDE" + bytes.fromhex("00841503")
ACK = bytes.fromhex("0245012b16680efaaa45ffff06ee8c03")
READ_14 = bytes.fromhex(
    "02450efaaa45012b1668ffff4d0000fff1"
    "0000e0000000e0010000e010420000f7010000f71043"
    "0000e010500000e010510000e0120000f7000000f71042"
    "0000e0260000e0600000016900001043693cae03"
)
