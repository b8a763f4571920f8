"""``meterfarm size``: the bytes of a read, command and answer, on every part of its way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from emulator.capacity.compressed import CompressedSize, compressed, untrained
from emulator.capacity.sizes import ROLES, Frames, MessageSize, ReadSize, read_size
from emulator.compression.registry import codec_row
from emulator.dcc.rules import Rules
from gbcs.errors import LocalError
from tools.output import emit_json, stdout_console

_PUBLISHED: Final = "4.3"
_NETWORK_NAMES: Final = {
    "csp_north_lrr": "long-range radio",
    "csp_sc_cellular_2g": "2G",
    "csp_sc_cellular_3g": "3G",
    "cellular_ltem": "LTE-M",
}


def command(
    srv: Annotated[
        str | None, typer.Argument(metavar="[SRV]", help="A read like 4.8.1; all of them if left out.")
    ] = None,
    role: Annotated[str, typer.Option(help="User role: IS, ES, NO or MDR.")] = "MDR",
    days: Annotated[int, typer.Option(help="Days of a log that are asked for.")] = 1,
    twin: Annotated[bool, typer.Option("--twin", help="A meter with two measuring elements.")] = False,
    gbcs: Annotated[
        str, typer.Option(help="GBCS version: 4.3, or 4.3+MP162 (4.1.1 for data retrievers).")
    ] = _PUBLISHED,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print the bytes of a read: messages, blocks, frames, compressed.

    The command is built, an emulated meter answers it and the answer is verified: what is counted are real messages.
    Compressed sizes are those of a link that has carried the same read a day before, the check of the context
    included. Without a read, every read that the role may make.

    Example: meterfarm size 4.8.1 --role MDR --days 7 --twin
    """
    if srv is None:
        sizes = list(_every(role, days, twin, gbcs))
        if json:
            emit_json({"role": role, "days": days, "twin": twin, "reads": [as_json(size) for size in sizes]})
        else:
            stdout_console().print(_overview(sizes))
        return
    size = read_size(srv, role, days, twin, gbcs)
    packed = [compressed(codec, srv, role, days, twin, gbcs) for codec in untrained()]
    if json:
        emit_json({**as_json(size), "compressed": _compressed_json(packed)})
    else:
        stdout_console().print(_heading(size), _table(size), _compressed_table(size, packed), sep="\n\n")


def as_json(size: ReadSize) -> dict[str, Any]:
    """One read as plain values."""
    return {
        "srv": size.srv,
        "use_case": size.use_case,
        "role": size.role,
        "days": size.days,
        "twin": size.twin,
        "values": size.values,
        "bytes": size.total,
        "command": _message_json(size.command),
        "response": _message_json(size.response),
    }


def _compressed_json(packed: list[CompressedSize]) -> dict[str, Any]:
    return {one.codec: {"command": one.command, "response": one.response} for one in packed}


def _message_json(message: MessageSize) -> dict[str, Any]:
    return {
        "bytes": message.message,
        "blocks": list(message.blocks) if len(message.blocks) > 1 else [],
        "aps_fragments": message.aps_fragments,
        "han_bytes": message.han_bytes,
        "networks": {one.network: {"frames": one.frames, "bytes_on_air": one.bytes_on_air} for one in message.networks},
    }


def _every(role: str, days: int, twin: bool, gbcs: str) -> Iterator[ReadSize]:
    """The reads that a role may make: of registers there are no days, and no log is asked for more than it holds."""
    if role not in ROLES:
        raise LocalError(f"role {role!r} is not known (allowed: {', '.join(ROLES)})")
    for srv, row in Rules().requests.srv.items():
        if role in row.roles.value and not (role == "MDR" and srv == "4.1.1" and gbcs == _PUBLISHED):
            yield read_size(srv, role, 1 if row.reads == "registers" else days, twin, gbcs)


# ---------------------------------------------------------------------- what a person reads


def _heading(size: ReadSize) -> str:
    days = f"{size.days} day{'s' if size.days > 1 else ''}"
    twin = ", two elements" if size.twin else ""
    return f"{size.srv} {size.use_case} by {size.role}, {days}{twin}: {size.values:,} values, {size.total:,} bytes"


def _table(size: ReadSize) -> Table:
    table = Table("", "command", "answer", "both", box=None, header_style="bold", pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("GBCS message, bytes", *_pair(size.command.message, size.response.message))
    blocks = [len(message.blocks) if len(message.blocks) > 1 else 0 for message in (size.command, size.response)]
    if any(blocks):
        table.add_row("blocks of block transfer", *_pair(*blocks))
        table.add_row("  bytes of them", *_pair(sum(size.command.blocks), sum(size.response.blocks)))
    table.add_row("HAN: APS fragments", *_pair(size.command.aps_fragments, size.response.aps_fragments))
    table.add_row("  bytes on the air", *_pair(size.command.han_bytes, size.response.han_bytes))
    for names, down, up in _alike(size):
        table.add_row(f"{names}: frames", *_pair(down.frames, up.frames))
        table.add_row("  bytes with their overhead", *_pair(down.bytes_on_air, up.bytes_on_air))
    return table


def _compressed_table(size: ReadSize, packed: list[CompressedSize]) -> Table:
    table = Table(
        "compressed, bytes", "command", "answer", "both", "ratio", box=None, header_style="bold", pad_edge=False
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for one in packed:
        ratio = (one.command + one.response) / size.total
        table.add_row(codec_row(one.codec).title, *_pair(one.command, one.response), f"{ratio:.2f}")
    return table


def _alike(size: ReadSize) -> Iterator[tuple[str, Frames, Frames]]:
    """(networks, down, up): networks that cut both messages alike share a line."""
    pairs = list(zip(size.command.networks, size.response.networks, strict=True))
    groups: dict[tuple[int, ...], list[tuple[Frames, Frames]]] = {}
    for down, up in pairs:
        groups.setdefault((down.frames, down.bytes_on_air, up.frames, up.bytes_on_air), []).append((down, up))
    for group in groups.values():
        yield ", ".join(_NETWORK_NAMES[down.network] for down, _ in group), *group[0]


def _pair(command: int, answer: int) -> tuple[str, str, str]:
    return f"{command:,}", f"{answer:,}", f"{command + answer:,}"


def _overview(sizes: list[ReadSize]) -> Table:
    table = Table("read", "", "days", "values", "command", "answer", "both", "blocks", "APS", "radio frames",
                  box=None, header_style="bold", pad_edge=False)  # fmt: skip
    for column in table.columns[2:]:
        column.justify = "right"
    for size in sizes:
        frames = size.command.networks[0].frames + size.response.networks[0].frames
        fragments = size.command.aps_fragments + size.response.aps_fragments
        blocks = sum(len(message.blocks) for message in (size.command, size.response) if len(message.blocks) > 1)
        numbers = (
            size.days,
            size.values,
            size.command.message,
            size.response.message,
            size.total,
            blocks,
            fragments,
            frames,
        )
        table.add_row(size.srv, size.use_case, *(f"{number:,}" for number in numbers))
    return table
