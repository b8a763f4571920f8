"""A relay card on a serial port."""

from __future__ import annotations

import asyncio
from typing import Final

from rigs.config.power import RelayPower
from rigs.errors import PortLost
from rigs.ports import LineSettings, Port, open_port
from rigs.power.switch import unswitched

_ANSWER_WITHIN_S: Final = 2.0
_FREE_WITHIN_S: Final = 10.0
_LOOK_AGAIN_S: Final = 0.1


class RelaySwitch:
    """See :class:`~rigs.power.switch.Switch`. The port is held for the moment of switching: a card has many users."""

    def __init__(self, config: RelayPower) -> None:
        self._config = config
        self._line = config.line.over(LineSettings())

    async def switch(self, on: bool) -> None:
        """Send the bytes; where the card answers, the right answer counts."""
        config = self._config
        command, answer = (config.on, config.on_answer) if on else (config.off, config.off_answer)
        port = await self._opened()
        try:
            await port.write(bytes.fromhex(command))
            if answer is not None:
                await self._answered(port, bytes.fromhex(answer), on)
            else:
                await port.configure(self._line)  # returns when the bytes have left
        finally:
            await port.close()

    async def is_on(self) -> bool | None:
        """Such cards do not say. Raises PortLost where the card is not there."""
        await (await self._opened()).close()
        return None

    async def _opened(self) -> Port:
        """The port, once nobody else switches on it. Raises PortLost."""
        waited = asyncio.get_running_loop().time() + _FREE_WITHIN_S
        while True:
            try:
                return await open_port(self._config.port, line=self._line)
            except PortLost as error:
                if "in use" not in str(error) or asyncio.get_running_loop().time() > waited:
                    raise
                await asyncio.sleep(_LOOK_AGAIN_S)

    async def _answered(self, port: Port, wanted: bytes, on: bool) -> None:
        heard = b""
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                while len(heard) < len(wanted):
                    heard += await port.read(len(wanted) - len(heard))
        except TimeoutError:
            why = f"the card answered {heard.hex() or 'nothing'}, not {wanted.hex()}"
            raise unswitched(self._config.port, on, why) from None
        if heard != wanted:
            raise unswitched(self._config.port, on, f"the card answered {heard.hex()}, not {wanted.hex()}")
