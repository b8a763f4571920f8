"""``meterfarm compress``: what codecs make of GBCS messages on the SM WAN, measured on every message there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from emulator.clock import Stopwatch, wall_time
from emulator.compression.corpus.made import DEVICES
from emulator.compression.leakage import leaks, made_days
from emulator.compression.registry import CODECS
from emulator.processes import processors
from emulator.run_folder import numbered_folder
from tools.compression.comparing import compare as compare_runs
from tools.compression.effects import DAYS, PREMISES, Effects, effects_json
from tools.compression.effects import measure as measure_effects
from tools.compression.engine import Outcome, measure_all
from tools.compression.known import FAST, PEERS, names_asked
from tools.compression.reading import Corpus, read_corpus
from tools.compression.results import as_json, sizes_of
from tools.compression.show import Shown
from tools.compression_study.facts import Facts
from tools.compression_study.findings import effect_findings
from tools.compression_study.study import comparison_study, compression_study
from tools.output import emit_json, stderr_console, stdout_console
from tools.study.page import write_study

_DEFAULT_EFFECTS = "header_context"
_SHORT = 1_000
"""Messages that are measured in seconds, so that nobody waits for news."""


def command(
    path: Annotated[
        Path | None,
        typer.Argument(help="A run folder (--trace), a reference set (*.HEX) or a capture. None: messages are made."),
    ] = None,
    codec: Annotated[
        list[str] | None,
        typer.Option(
            help=f"A codec; give it again for more. fast (the default), all, or: {', '.join((*CODECS, *PEERS))}."
        ),
    ] = None,
    devices: Annotated[int, typer.Option(min=1, help="Devices of the messages that are made.")] = DEVICES,
    seed: Annotated[int, typer.Option(help="Seed of the messages that are made.")] = 162,
    keys: Annotated[Path | None, typer.Option(help="Keys of a capture (PATH.keys unless given).")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: one a processor.")] = 0,
    seeds: Annotated[
        int, typer.Option(min=0, help="Seeds that are run with header_context (or the codecs named) and without.")
    ] = 0,
    premises: Annotated[int, typer.Option(min=10, help="Premises of each of those runs.")] = PREMISES,
    compare: Annotated[
        tuple[Path, Path] | None, typer.Option(metavar="RUN_A RUN_B", help="Compare two run folders instead.")
    ] = None,
    into: Annotated[Path, typer.Option(help="Where the folder of the study is made.")] = Path(),
    report: Annotated[bool, typer.Option(help="Write study.html and its tables.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure what codecs make of the messages of half-hourly settlement.

    Every message goes through both ends of every codec and has to come back byte for byte. Shown are ratios by use
    case, role, kind of meter and direction, with the floor beside them (ciphertext, tag and MAC); before and after
    framing; message by message and in batches; and what compression before encryption would bring.

    Messages are those of PATH, or made: meters of the emulator, read by suppliers and MDRs, test keys. The study is
    one HTML page in a new folder Compress_<date>_<time>, its tables as CSV and Parquet beside it; --seeds 5 adds what
    a codec changes in runs: bytes, frames, air time and seconds, with confidence over the seeds.

    Example: meterfarm compress --devices 60 --codec header_context --codec zstd_dictionary
    """
    if compare is not None:
        _compare(*compare, into if report else None, json=json)
        return
    names = names_asked(codec or [FAST])
    watch = Stopwatch()
    corpus = read_corpus(path, devices=devices, seed=seed, keys=keys)
    with _progress(corpus.messages, quiet=json or corpus.messages < _SHORT) as step:
        outcome = measure_all(corpus.blocks, names, workers or processors(), step)
    ran = [name for name in names if name in CODECS] if codec else [_DEFAULT_EFFECTS]
    effects = _effects(ran, seeds, premises, workers or processors(), quiet=json)
    page = None
    if report and outcome.measured.messages:
        page = _write(outcome, corpus, effects, watch, into, _call(path, names if codec else [], devices, seed, seeds))
    _show(outcome, corpus, watch.seconds, effects, page, json=json)
    if not outcome.is_complete or len(effects) < bool(seeds and ran):
        raise KeyboardInterrupt


def _compare(first: Path, second: Path, into: Path | None, *, json: bool) -> None:
    """One run beside another."""
    effects = compare_runs(first, second)
    page = None
    if into is not None:
        study = comparison_study(effects, f"meterfarm compress --compare {first} {second}")
        page = write_study(study, numbered_folder(into, "Compare", wall_time()))
    if json:
        emit_json({**effects_json(effects), "study": None if page is None else str(page)})
        return
    console = stdout_console()
    for finding in effect_findings(effects):
        console.print(f"· {finding.text}")
    if page is not None:
        console.print(f"\nstudy  {page}", soft_wrap=True)


def _effects(codecs: list[str], seeds: int, premises: int, workers: int, *, quiet: bool) -> list[Effects]:
    """Pairs of runs of each codec; Ctrl-C ends with those done so far."""
    found: list[Effects] = []
    if not seeds:
        return found
    with _progress(2 * seeds * len(codecs), "runs", "running", quiet=quiet) as step:
        for name in codecs:
            effects = measure_effects(name, seeds, premises, DAYS, workers, lambda: step(1))
            if effects is not None:
                found.append(effects)
    return found


def _write(outcome: Outcome, corpus: Corpus, effects: list[Effects], watch: Stopwatch, into: Path, call: str) -> Path:
    days = made_days() if corpus.is_made else None
    found = tuple(leaks(days)) if days is not None else ()
    facts = Facts(outcome, corpus, sizes_of(outcome.measured), watch.seconds, days, found, tuple(effects), call)
    return write_study(compression_study(facts), numbered_folder(into, "Compress", wall_time()))


def _call(path: Path | None, codecs: list[str], devices: int, seed: int, seeds: int) -> str:
    """The command that makes the study again."""
    words = ["meterfarm compress", *([str(path)] if path else [f"--devices {devices} --seed {seed}"])]
    return " ".join([*words, *(f"--codec {name}" for name in codecs), *([f"--seeds {seeds}"] if seeds else [])])


def _show(
    outcome: Outcome, corpus: Corpus, wall_s: float, effects: list[Effects], page: Path | None, *, json: bool
) -> None:
    study = None if page is None else str(page)
    if json:
        found = [effects_json(one) for one in effects]
        emit_json({**as_json(outcome, corpus, wall_s), "effects": found, "study": study})
    elif outcome.measured.messages:
        console = stdout_console()
        console.print(Shown(outcome, corpus, wall_s))
        for finding in (finding for one in effects for finding in effect_findings(one)):
            console.print(f"· {finding.text}")
        if study is not None:
            console.print(f"\nstudy  {study}", soft_wrap=True)


@contextmanager
def _progress(
    total: int, what: str = "messages", doing: str = "measuring", *, quiet: bool
) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, and a function that takes what was done.

    Where that is no terminal, a line for every tenth, unless ``quiet``.
    """
    console = stderr_console()
    if not console.is_terminal:
        yield _lines(console, total, what, doing, quiet=quiet)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(what),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda done: bar.update(task, advance=done)


def _lines(console: Console, total: int, what: str, doing: str, *, quiet: bool) -> Callable[[int], None]:
    """A function that takes what was done and prints a line for every tenth of it."""
    done = 0

    def step(more: int) -> None:
        nonlocal done
        before, done = done, done + more
        if not quiet and 10 * done // max(total, 1) > 10 * before // max(total, 1):
            console.print(f"{doing}: {done:,} of {total:,} {what}")

    if not quiet:
        console.print(f"{doing} {total:,} {what}")
    return step
