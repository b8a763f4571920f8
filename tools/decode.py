"""``meterfarm decode``: print any GBCS message as a readable tree, or as JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text
from rich.tree import Tree

import gbcs
from gbcs.errors import LocalError
from gbcs.keystore import KeyStore
from tools import describe
from tools.outcome import NotMet
from tools.output import emit_json, stdout_console

_LONG_LIST = 12
"""Lists longer than this are shown as a table line each, without a branch of their own."""


def command(
    message: Annotated[
        str | None, typer.Argument(help="Hex, a file of hex or raw bytes, or - for standard input.")
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="Directory of keys and certificates: verify MAC and signature, decrypt.")
    ] = None,
    pcap: Annotated[Path | None, typer.Option(help="A capture of HANs: decode every message in it.")] = None,
    keys_file: Annotated[
        Path | None, typer.Option(help="HAN keys of the capture, as Wireshark's zigbee_pc_keys; default: PCAP.keys.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print any GBCS message as a readable tree, or as JSON.

    Example: meterfarm decode response.hex --keys keystore/
    """
    if (message is None) == (pcap is None):
        raise LocalError("decode a message or, with --pcap, a capture: give one of them (see meterfarm decode --help)")
    if pcap is not None:
        _decode_capture(pcap, keys_file, keys, json=json)
        return
    data = read_bytes(message or "")
    store = KeyStore.read(keys) if keys is not None else None
    described = describe_bytes(data, store)
    if json:
        emit_json(described)
    else:
        stdout_console().print(tree(described))
    failed = [name for name in ("mac", "signature") if (described[name] or {}).get("verdict") == "failed"]
    if failed:
        raise NotMet(f"{' and '.join(failed)} not valid: {described.get('verdict_reason')}")


def _decode_capture(pcap: Path, keys_file: Path | None, keys: Path | None, *, json: bool) -> None:
    # The one verb option that needs scapy pays for it.
    from tools.capture import describe_capture  # noqa: PLC0415

    described = describe_capture(pcap, keys_file, KeyStore.read(keys) if keys is not None else None)
    if json:
        emit_json(described)
        return
    console = stdout_console()
    for one in described["messages"]:
        console.print(tree({"use_case": one["han"].get("tunnel_command"), "cra": "", **one}))
    counts = {key: value for key, value in described.items() if key != "messages"}
    console.print(", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in counts.items()))


def describe_bytes(data: bytes, keys: KeyStore | None) -> dict[str, Any]:
    """The description of a whole message or of one GBT block. Raises DecodeError for anything else."""
    if data[:2] == b"\xdd\x09":
        return describe.gbt_block(gbcs.decode_gbt_block(data))
    return describe.message(gbcs.decode(data), keys)


def read_bytes(source: str) -> bytes:
    """The bytes that an argument names: hex, a file (of hex text or raw bytes), or standard input.

    Raises LocalError where it is none of these.
    """
    if source == "-":
        return _hex_or_raw(sys.stdin.buffer.read(), "standard input")
    squeezed = "".join(source.split())
    try:
        return bytes.fromhex(squeezed)
    except ValueError:
        pass
    path = Path(source)
    try:
        return _hex_or_raw(path.read_bytes(), source)
    except OSError as error:
        raise LocalError(f"{source!r} is neither hex nor a file that can be read: {error.strerror}") from None


def _hex_or_raw(content: bytes, name: str) -> bytes:
    try:
        data = bytes.fromhex("".join(content.decode("ascii").split()))
    except (UnicodeDecodeError, ValueError):
        data = content
    if not data:
        raise LocalError(f"{name} is empty")
    return data


def tree(described: dict[str, Any]) -> Tree:
    """The description as a tree: who and what on top, then the payload, then what protects it."""
    title = f"{described['use_case'] or '?'} {described['cra']}  {described.get('title', '')}"
    root = Tree(Text(title, style="bold"))
    for key, value in described.items():
        if key not in ("use_case", "cra", "title"):
            _branch(root, key, value)
    return root


def _branch(parent: Tree, key: str, value: Any) -> None:
    if isinstance(value, dict):
        if len(value) == 1 and not isinstance(next(iter(value.values())), dict | list):
            name, only = next(iter(value.items()))
            parent.add(_line(key, f"{name} {only}"))
            return
        branch = parent.add(Text(key, style="cyan"))
        for name, inner in value.items():
            _branch(branch, name, inner)
    elif isinstance(value, list) and value and isinstance(value[0], list):
        branch = parent.add(_line(key, f"{len(value)}"))
        for row in value:
            branch.add(Text("  ".join(_cell(cell) for cell in _shortened(row))))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        branch = parent.add(_line(key, f"{len(value)}"))
        for number, inner in enumerate(value, start=1):
            _branch(branch, str(number), inner)
    elif isinstance(value, list):
        parent.add(_line(key, ", ".join(str(item) for item in value) or "-"))
    else:
        parent.add(_line(key, "-" if value is None else str(value)))


def _shortened(row: list[Any]) -> list[Any]:
    """A row without the zeros at its end, which fill the block registers of most daily reads."""
    if len(row) <= _LONG_LIST:
        return row
    used = max((index for index, cell in enumerate(row) if cell), default=0) + 1
    return [*row[:used], f"(+{len(row) - used} zeros)"] if used < len(row) else row


def _cell(value: Any) -> str:
    return _printable(value) if isinstance(value, str) else f"{value:>8}"


def _line(key: str, value: str) -> Text:
    return Text.assemble((f"{key}: ", "cyan"), _printable(value))


def _printable(text: str) -> str:
    """Text of a message as it is, or escaped where it would steer the terminal."""
    return text if text.isprintable() else repr(text)
