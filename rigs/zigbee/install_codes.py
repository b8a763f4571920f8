"""Install codes of devices that may join: a file with a line ``EUI64 CODE`` each, for its owner alone."""

from __future__ import annotations

from pathlib import Path

from gbcs import eui64
from gbcs.errors import LocalError
from gbcs.eui64 import Eui64
from rigs.radio.keys import install_code_key

_OTHERS = 0o077


def read_install_codes(path: Path) -> dict[Eui64, bytes]:
    """The codes of a file, with their CRC. Raises LocalError that names the line, or whom the file is open to."""
    try:
        mode, lines = path.stat().st_mode, path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"install codes {path} cannot be read: {error}") from None
    if mode & _OTHERS:
        raise LocalError(f"install codes {path} can be read by others: chmod 600 {path}")
    found: dict[Eui64, bytes] = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split(maxsplit=1)
        if words:
            device, code = _read(words, f"{path}, line {number}")
            found[device] = code
    return found


def code_of(codes: dict[Eui64, bytes], device: Eui64, path: Path | None) -> bytes:
    """The code of one device. Raises LocalError where it has none."""
    if device not in codes:
        where = f"install codes {path}" if path is not None else "link: install_codes (no file is named)"
        raise LocalError(f"{where}: none for {eui64.show(device)}, as its label shows it")
    return codes[device]


def _read(words: list[str], where: str) -> tuple[Eui64, bytes]:
    if len(words) != 2:
        raise LocalError(f"{where}: write EUI64 CODE")
    try:
        code = bytes.fromhex(words[1].replace(":", "").replace("-", ""))
    except ValueError:
        raise LocalError(f"{where}: the code is no hexadecimal digits") from None
    try:
        install_code_key(code)
        return eui64.parse(words[0]), code
    except LocalError as error:
        raise LocalError(f"{where}: {error}") from None
