"""All blocks of a corpus, on all processors: what each process measured is summed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from emulator.compression.codec import Direction
from emulator.compression.corpus import Block, Conversation
from emulator.compression.dictionary import Dictionaries, train
from emulator.processes import Processes, processes
from gbcs.errors import LocalError
from tools.compression.known import needs_dictionaries
from tools.compression.measuring import Task, measure
from tools.compression.tally import Measured

Step = Callable[[int], None]
"""Told of messages that were measured."""


@dataclass(slots=True)
class Outcome:
    """What was measured, of which codecs, and what could not be. ``is_complete``: nobody interrupted."""

    measured: Measured
    codecs: tuple[str, ...]
    notes: tuple[str, ...]
    is_complete: bool


def measure_all(blocks: Sequence[Block], codecs: Sequence[str], workers: int, step: Step) -> Outcome:
    """Measure the codecs on every block, in this process or in ``workers`` of them.

    Ctrl-C ends with the blocks done so far. A codec that has to be trained is left out, with a note, where the corpus
    is too small to train on. Raises NotMet where a codec is not lossless.
    """
    found, outcome = Measured(), Outcome(Measured(), tuple(codecs), (), is_complete=False)
    with _pool(min(workers, len(blocks))) as pool, suppress(KeyboardInterrupt):
        task, notes = _task(blocks, codecs, pool)
        outcome = Outcome(found, task.codecs, notes, is_complete=False)
        for measured, messages in _results(pool, blocks, task):
            found.add(measured)
            step(messages)
        outcome.is_complete = True
    return outcome


def _results(pool: Processes | None, blocks: Sequence[Block], task: Task) -> Iterator[tuple[Measured, int]]:
    """What each block measured, and its messages, as blocks are done."""
    if pool is None:
        yield from ((measure(block, task), block.messages) for block in blocks)
        return
    futures: dict[Future[Measured], int] = {pool.submit(measure, block, task): block.messages for block in blocks}
    for future in as_completed(futures):
        yield future.result(), futures[future]


def _task(blocks: Sequence[Block], codecs: Sequence[str], pool: Processes | None) -> tuple[Task, tuple[str, ...]]:
    """What every process needs to know: dictionaries are trained once, of the first block's training conversations."""
    trained = [name for name in codecs if needs_dictionaries(name)]
    if not trained:
        return Task(tuple(codecs)), ()
    try:
        dictionaries = _dictionaries(blocks[0]) if pool is None else pool.submit(_dictionaries, blocks[0]).result()
        return Task(tuple(codecs), dictionaries), ()
    except LocalError as error:
        left = tuple(name for name in codecs if name not in trained)
        return Task(left), (f"left out {', '.join(trained)}: {error}",)


def _dictionaries(block: Block) -> Dictionaries:
    conversations = block.training()
    return train({"down": _of(conversations, "down"), "up": _of(conversations, "up")})


def _of(conversations: Sequence[Conversation], direction: Direction) -> list[bytes]:
    return [
        sample.data
        for conversation in conversations
        for sample in conversation.samples
        if sample.direction == direction
    ]


@contextmanager
def _pool(workers: int) -> Iterator[Processes | None]:
    """Processes to work in; None where this one is enough."""
    if workers <= 1:
        yield None
        return
    with processes(workers) as pool:
        yield pool
