"""``meterfarm compress``: what codecs make of GBCS messages on the SM WAN, measured on every message there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from emulator.clock import Stopwatch
from emulator.compression.corpus.made import DEVICES
from emulator.compression.registry import CODECS, codec_row
from gbcs.errors import LocalError
from tools.compression.engine import Outcome, measure_all, processors
from tools.compression.reading import Corpus, read_corpus
from tools.compression.results import as_json
from tools.compression.show import Shown
from tools.output import emit_json, stderr_console, stdout_console

_FAST, _ALL = "fast", "all"


def command(
    path: Annotated[
        Path | None,
        typer.Argument(help="A run folder (--trace), a reference set (*.HEX) or a capture. None: messages are made."),
    ] = None,
    codec: Annotated[
        list[str] | None,
        typer.Option(help=f"A codec; give it again for more. fast (the default), all, or: {', '.join(CODECS)}."),
    ] = None,
    devices: Annotated[int, typer.Option(min=1, help="Devices of the messages that are made.")] = DEVICES,
    seed: Annotated[int, typer.Option(help="Seed of the messages that are made.")] = 162,
    keys: Annotated[Path | None, typer.Option(help="Keys of a capture (PATH.keys unless given).")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: one a processor.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure what codecs make of the messages of half-hourly settlement.

    Every message goes through both ends of every codec and has to come back byte for byte. Shown are ratios by use
    case, role, kind of meter and direction, with the floor beside them (ciphertext, tag and MAC); before and after
    framing; message by message and in batches; and what compression before encryption would bring.

    Messages are those of PATH, or made: meters of the emulator, read by suppliers and MDRs, test keys.

    Example: meterfarm compress --devices 60 --codec header_context --codec zstd_dictionary
    """
    names = _names(codec or [_FAST])
    watch = Stopwatch()
    corpus = read_corpus(path, devices=devices, seed=seed, keys=keys)
    with _progress(stderr_console(), corpus.messages) as step:
        outcome = measure_all(corpus.blocks, names, workers or processors(), step)
    _show(outcome, corpus, watch.seconds, json=json)
    if not outcome.is_complete:
        raise KeyboardInterrupt


def _names(asked: list[str]) -> list[str]:
    """The codecs that were asked for, each once. Raises LocalError that names an unknown one."""
    found: list[str] = []
    for name in asked:
        if name == _ALL:
            found += CODECS
        elif name == _FAST:
            found += [each for each, row in CODECS.items() if row.is_fast]
        else:
            try:
                codec_row(name)
            except LocalError:
                allowed = ", ".join((_FAST, _ALL, *CODECS))
                raise LocalError(f"codec {name!r} is not known (allowed: {allowed})") from None
            found.append(name)
    return list(dict.fromkeys(found))


def _show(outcome: Outcome, corpus: Corpus, wall_s: float, *, json: bool) -> None:
    if json:
        emit_json(as_json(outcome, corpus, wall_s))
    elif outcome.measured.messages:
        stdout_console().print(Shown(outcome, corpus, wall_s))


@contextmanager
def _progress(console: Console, messages: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, and a function that takes the messages that were done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("messages"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("measuring", total=messages)
        yield lambda done: bar.update(task, advance=done)
