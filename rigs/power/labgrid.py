"""A place of a labgrid coordinator, through the program ``labgrid-client``: a lab keeps its coordinator.

The program may be in an environment of its own: labgrid brings its own pyserial.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from gbcs.errors import LocalError
from rigs.config.power import LabgridPower
from rigs.errors import RigError
from rigs.power.switch import WORDS, unswitched


class LabgridSwitch:
    """See :class:`~rigs.power.switch.Switch`. Acquires the place for the moment, unless its user has it already."""

    def __init__(self, config: LabgridPower) -> None:
        self._config = config

    async def switch(self, on: bool) -> None:
        """Switch, and ask the place how it stands."""
        async with _Acquired(self):
            await self.run("power", WORDS[on])
            if await self._state() is not on:
                raise unswitched(self._config.place, on, f"labgrid says {WORDS[not on]}")

    async def is_on(self) -> bool | None:
        """What the place says."""
        async with _Acquired(self):
            return await self._state()

    async def _state(self) -> bool:
        said = await self.run("power", "get")
        word = said.split()[-1] if said.split() else ""
        if word not in WORDS.values():
            raise RigError(f"labgrid says {said!r} of the power of {self._config.place}")
        return word == WORDS[True]

    async def run(self, *command: str) -> str:
        """What ``labgrid-client`` prints. Raises RigError with what it complains of, LocalError where it is absent."""
        config = self._config
        where = ("-x", config.coordinator) if config.coordinator else ()
        arguments = (config.client, *where, "-p", config.place, *command)
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(*arguments, stdin=nothing, stdout=pipe, stderr=pipe)
        except OSError as error:
            hint = "pip install labgrid, in an environment of its own, and name it with client ="
            raise LocalError(f"{config.client} cannot be run: {error.strerror} ({hint})") from None
        try:
            async with asyncio.timeout(config.within_s):
                out, err = await process.communicate()
        except TimeoutError:
            raise RigError(f"labgrid-client {' '.join(command)} took longer than {config.within_s:g} s") from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            complaint = " ".join((err or out).decode("utf-8", "replace").split()[-40:])
            raise RigError(f"labgrid-client {' '.join(command)} of {config.place}: {complaint}")
        return out.decode("utf-8", "replace").strip()


class _Acquired:
    """The place, acquired and given back; what its user had already acquired stays so."""

    def __init__(self, switch: LabgridSwitch) -> None:
        self._switch = switch
        self._ours = False

    async def __aenter__(self) -> None:
        try:
            await self._switch.run("acquire")
            self._ours = True
        except RigError as error:
            if "already acquired" not in str(error):
                raise

    async def __aexit__(self, *_: object) -> None:
        if self._ours:
            await self._switch.run("release")
