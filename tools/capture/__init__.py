"""HAN captures: what crosses the HANs as real frames in a file that Wireshark reads, and the way back.

Importing this package imports scapy (GPL-2.0-only, the extra ``capture``); :mod:`tools.capture.packets` alone does so.
"""

from gbcs.errors import LocalError

try:
    from tools.capture.describing import describe_capture
    from tools.capture.reading import CapturedMessage, CaptureReading, read_capture, read_keys
    from tools.capture.writing import HanCapture, keys_file
except ModuleNotFoundError as error:
    if error.name is None or not error.name.startswith("scapy"):
        raise
    raise LocalError("captures need scapy: install meterfarm with the extra `capture`") from None

__all__ = [
    "CaptureReading",
    "CapturedMessage",
    "HanCapture",
    "describe_capture",
    "keys_file",
    "read_capture",
    "read_keys",
]
