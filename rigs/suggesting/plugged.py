"""The serial lines of this machine as udev and the kernel name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rigs.suggesting.adapters import Adapter, adapter_of

_BY_ID: Final = Path("dev/serial/by-id")
_BY_PATH: Final = Path("dev/serial/by-path")
_TTYS: Final = Path("sys/class/tty")
_NOT_A_SOCKET: Final = "-usbv"
"""Newer udevs name a socket twice; one name is enough."""


@dataclass(frozen=True, slots=True)
class PluggedIn:
    """A serial line: its device file, its names, its USB numbers (empty where it is no USB), and its row."""

    device: str
    by_id: str
    by_path: str
    usb: str
    has_serial_number: bool
    interface: int | None
    adapter: Adapter | None

    @property
    def url(self) -> str:
        """The name that stays the same: that of the device where it has a serial number, else that of its socket."""
        if self.by_id and (self.has_serial_number or not self.by_path):
            return self.by_id
        return _with_interface(self.by_path) if self.by_path else self.device


def plugged_in(root: Path = Path("/")) -> tuple[PluggedIn, ...]:
    """All serial lines with a name by udev, sorted by device file; ``root`` stands in place of ``/``."""
    by_id, by_path = _links(root / _BY_ID), _links(root / _BY_PATH)
    return tuple(_line(root, device, by_id.get(device), by_path.get(device)) for device in sorted({*by_id, *by_path}))


def _links(folder: Path) -> dict[str, Path]:
    """Device name to the link of a folder that leads to it."""
    if not folder.is_dir():
        return {}
    links = sorted(link for link in folder.iterdir() if _NOT_A_SOCKET not in link.name)
    return {link.readlink().name: link for link in links if link.is_symlink()}


def _line(root: Path, device: str, by_id: Path | None, by_path: Path | None) -> PluggedIn:
    usb, has_serial_number = _usb(root / _TTYS / device / "device")
    name = by_id.name if by_id else ""
    interface = _interface(name or (by_path.name if by_path else ""))
    adapter = adapter_of(usb, name, interface) if usb else None
    return PluggedIn(f"/dev/{device}", str(by_id or ""), str(by_path or ""), usb, has_serial_number, interface, adapter)


def _usb(device: Path) -> tuple[str, bool]:
    """Vendor and product number of the USB device that a line belongs to, and whether it has a serial number."""
    if not device.exists():
        return "", False
    for folder in (device.resolve(), *device.resolve().parents):
        if (folder / "idVendor").is_file():
            numbers = ((folder / key).read_text(encoding="ascii").strip().lower() for key in ("idVendor", "idProduct"))
            return ":".join(numbers), (folder / "serial").is_file()
    return "", False


def _interface(name: str) -> int | None:
    found = re.search(r"-if(\d+)(-port\d+)?$|:\d+\.(\d+)(-port\d+)?$", name)
    return int(found[1] or found[3]) if found else None


def _with_interface(by_path: str) -> str:
    """``...-usb-0:2:1.1-port0`` as ``...-usb-0:2#1``."""
    found = re.fullmatch(r"(.*):\d+\.(\d+)(-port0)?", by_path)
    return f"{found[1]}#{found[2]}" if found else by_path
