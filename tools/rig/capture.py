"""``meterfarm rig capture``: what crosses the link of a rig, as lines of JSON, and its frames for Wireshark."""

from __future__ import annotations

import asyncio
import signal
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gbcs.errors import LocalError
from rigs.capture import CaptureWriter
from rigs.config import EzspLink, RigConfig
from rigs.conversation import CaptureSink, Direction
from rigs.ezsp.han import EzspHan
from rigs.link import MessageLink
from rigs.loading import load_rig
from rigs.radio.pcap import keys_file
from rigs.session import OpenRig, open_rig
from rigs.zigbee.links import ClientLink
from rigs.zigbee.recording import HanRecorder
from tools.output import emit_json, stderr_console
from tools.rig.options import RigName, RigsFolder, seconds_of
from tools.rig.ranges import half_hours
from tools.rig.read_esme import Wanted, role_of, wanted_use_case


@dataclass(slots=True)
class _Counted:
    """A sink that counts what it hands on."""

    sink: CaptureSink
    messages: int = 0

    def message(self, at_utc: float, direction: Direction, device: bytes, message: bytes) -> None:
        """See :class:`~rigs.conversation.CaptureSink`."""
        self.messages += 1
        self.sink.message(at_utc, direction, device, message)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options ask for."""

    out: Path
    pcap: Path | None
    reads: tuple[Wanted, ...]
    for_s: float | None


def command(
    rig: RigName,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Messages, a line of JSON each.")],
    pcap: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Frames of the HAN, and their keys beside them; dongles only.")
    ] = None,
    read: Annotated[
        list[str] | None, typer.Option(metavar="USE_CASE", help="Read this meanwhile, like ECS22b; more than once.")
    ] = None,
    since: Annotated[str, typer.Option("--from", help="Of logs: a UTC day or time, like 2026-11-23.")] = "",
    until: Annotated[str, typer.Option("--to", help="The same, included; else the end of the day of --from.")] = "",
    lasting: Annotated[
        str, typer.Option("--for", metavar="TIME", help="Listen for 90s, 30m, 2h; else for the reads, or until Ctrl-C.")
    ] = "",
    rigs: RigsFolder = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write down what crosses the link of a rig: messages as JSON, and over a dongle the frames as well.

    meterfarm emulate --from-capture reads the messages, Wireshark and meterfarm decode --pcap the frames.

    Example: meterfarm rig capture bench-3 --out day.jsonl --pcap day.pcap --read ECS22b --from 2026-11-23
    """
    config = load_rig(rig, rigs)
    if pcap is not None and not isinstance(config.link, EzspLink):
        raise LocalError(
            f"rig {rig}: frames cross a dongle alone, and this link is of kind {config.link.kind!r}: leave out --pcap"
        )
    bounds = half_hours(since, until) if read else (0, 0)
    reads = tuple(Wanted(wanted_use_case("", "", name), "", *bounds) for name in read or ())
    asked = _Asked(out, pcap, reads, seconds_of(lasting) if lasting else None)
    messages, frames = asyncio.run(_capture(config, asked))
    if json:
        emit_json({"rig": rig, "messages": messages, "frames": frames, "capture": str(out)})
        return
    said = stderr_console()
    said.print(f"{messages} messages in {out}")
    if pcap is not None:
        said.print(f"{frames} frames in {pcap}, keys in {keys_file(pcap)}")


async def _capture(config: RigConfig, asked: _Asked) -> tuple[int, int]:
    """How many messages and frames were written down. Ctrl-C ends it with what there is."""
    with ExitStack() as kept:
        counted = _Counted(kept.enter_context(CaptureWriter(asked.out)))
        async with open_rig(config) as opened, opened.link() as link:
            recorder = _recorder(link, asked.pcap)
            working = asyncio.ensure_future(_work(opened, link, counted, asked))
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, working.cancel)
            try:
                await asyncio.wait((working,))
                if not working.cancelled():
                    working.result()
            finally:
                if recorder is not None:
                    recorder.close()
        return counted.messages, recorder.frames if recorder is not None else 0


def _recorder(link: MessageLink, pcap: Path | None) -> HanRecorder | None:
    if pcap is None or not isinstance(link, ClientLink) or not isinstance(link.han, EzspHan):
        return None
    return HanRecorder(link.han, pcap)


async def _work(opened: OpenRig, link: MessageLink, sink: CaptureSink, asked: _Asked) -> None:
    """The reads, then listening for as long as was asked."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with opened.reader_over(link, sink=sink) as reader:
        for wanted in asked.reads:
            role = role_of(opened, wanted)
            await reader.read(wanted.use_case.use_case, role, opened.users[role], *wanted.bounds)
        if asked.for_s is not None:
            await asyncio.sleep(max(began + asked.for_s - loop.time(), 0.0))
        elif not asked.reads:
            await asyncio.Event().wait()
