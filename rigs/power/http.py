"""A mains socket with a web interface, Tasmota's unless told otherwise."""

from __future__ import annotations

import base64
import json
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from rigs.config.power import HttpPower
from rigs.errors import RigError
from rigs.mqtt import credentials
from rigs.ports.off_loop import off_loop
from rigs.power.switch import WORDS, unswitched

_ANSWER_WITHIN_S: Final = 5.0
_LARGEST_ANSWER: Final = 65_536


class HttpSwitch:
    """See :class:`~rigs.power.switch.Switch`. What the socket answers counts, not that it answered."""

    def __init__(self, config: HttpPower) -> None:
        self._config = config

    async def switch(self, on: bool) -> None:
        """Ask the socket, and read what it says of itself."""
        state = await self._asked(self._config.on if on else self._config.off)
        if state is not on:
            raise unswitched(self._config.url, on, f"it says {WORDS[state]}")

    async def is_on(self) -> bool | None:
        """What the socket says."""
        return await self._asked(self._config.state)

    async def _asked(self, path: str) -> bool:
        answer = await off_loop(lambda: self._get(path))
        word = answer.get(self._config.key) if isinstance(answer, dict) else None
        if word not in ("ON", "OFF"):
            raise RigError(f"{self._config.url} says {answer!r}: no {self._config.key} that is ON or OFF")
        return bool(word == "ON")

    def _get(self, path: str) -> Any:
        """The JSON at a path. A proxy for the world outside is none for a socket on the bench."""
        url = self._config.url
        try:
            with build_opener(ProxyHandler({})).open(self._request(path), timeout=_ANSWER_WITHIN_S) as answer:
                return json.loads(answer.read(_LARGEST_ANSWER))
        except HTTPError as error:
            raise RigError(f"{url} refuses: {error.code} {error.reason}") from error
        except (URLError, OSError) as error:
            raise RigError(f"{url} does not answer: {getattr(error, 'reason', error)}") from error
        except ValueError as error:
            raise RigError(f"{url} answers something else than JSON") from error

    def _request(self, path: str) -> Request:
        request = Request(self._config.url + path)  # noqa: S310 - the rig file allows http and https only
        user, password = credentials(self._config.password_file)
        if user is not None:
            request.add_header("Authorization", f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}")
        return request
