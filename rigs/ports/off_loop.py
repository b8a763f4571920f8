"""Calls that may block, each on a thread of its own: neither the loop nor its end ever waits for a stuck device."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def off_loop(call: Callable[[], T], undo: Callable[[T], object] | None = None) -> T:
    """What ``call`` returns or raises. Where nobody waits for it any more by then, its result goes to ``undo``.

    The thread is a daemon: unlike those of the loop's own pool, nobody joins it when the program ends.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - handed on to whoever waits
            _tell(loop, _fail, done, error)
        else:
            if not _tell(loop, _settle, done, result, undo) and undo is not None:
                undo(result)

    threading.Thread(target=work, daemon=True, name="off-loop").start()
    return await done


def _tell(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: object) -> bool:
    """Whether the loop still runs and hears of it."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call, *arguments)
        return True
    return False


def _settle(done: asyncio.Future[T], result: T, undo: Callable[[T], object] | None) -> None:
    if not done.done():
        done.set_result(result)
    elif undo is not None:
        threading.Thread(target=undo, args=(result,), daemon=True, name="off-loop undo").start()


def _fail(done: asyncio.Future[T], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
