"""An event loop on a thread of its own, for callers that are no coroutines: leases go on beating between calls."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from rigs.errors import RigTimeout

Result = TypeVar("Result")
_ENDS_WITHIN_S = 10.0


class LoopThread:
    """Runs coroutines for a thread that waits for them. ``stop()`` when nothing is needed any more."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Start a coroutine that goes on by itself."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Coroutine[Any, Any, Result], within_s: float) -> Result:
        """What a coroutine returns or raises; after ``within_s`` it is cancelled. Raises RigTimeout then."""
        future = self.begin(_limited(work, within_s))
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """Cancel what still runs and end the thread; a second call does nothing."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_ENDS_WITHIN_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        finally:
            self._loop.close()


async def _limited(work: Coroutine[Any, Any, Result], within_s: float) -> Result:
    try:
        async with asyncio.timeout(within_s) as limit:
            return await work
    except TimeoutError:
        if limit.expired():
            raise RigTimeout(f"the rig did not come to an end within {within_s:.0f} s") from None
        raise
