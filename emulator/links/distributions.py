"""Distributions as a person writes them in a preset, and as quick streams of Python floats.

``{dist = "lognormal", median = 2.0, sigma = 0.8}``; units stand in the name of the parameter. No value is negative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Floats = NDArray[np.float64]
Mark = Literal["", "H", "M", "L", "A"]

BLOCK = 1024
"""Variates drawn at once: numpy's price of a call, shared by so many, is 10 to 30 ns a value."""

_SHARES_TOLERANCE = 1e-6

NotNegative = Annotated[float, Field(ge=0, strict=True)]
Positive = Annotated[float, Field(gt=0, strict=True)]
Share = Annotated[float, Field(ge=0, le=1, strict=True)]


class Stated(BaseModel):
    """Values with how sure they are (H, M, L, A) and where they come from; parts of another one leave it to that."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    confidence: Mark = ""
    source: str = ""

    def describe(self) -> str:
        """The values in words, without confidence and source."""
        named = [name for name in type(self).model_fields if name not in Stated.model_fields]
        return ", ".join(f"{name} {_words(getattr(self, name))}" for name in named)


class Uniform(Stated):
    """Between ``lo`` and ``hi``."""

    dist: Literal["uniform"]
    lo: NotNegative
    hi: NotNegative

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.lo > self.hi:
            raise ValueError(f"lo {self.lo:g} is above hi {self.hi:g}")
        return self

    def sample(self, random: np.random.Generator, size: int) -> Floats:
        """So many variates."""
        return random.uniform(self.lo, self.hi, size)


class Lognormal(Stated):
    """Of this ``median``, ``sigma`` being the deviation of the logarithm."""

    dist: Literal["lognormal"]
    median: Positive
    sigma: NotNegative

    def sample(self, random: np.random.Generator, size: int) -> Floats:
        """So many variates."""
        return random.lognormal(np.log(self.median), self.sigma, size)


class Pareto(Stated):
    """From ``xm`` up with tail index ``alpha``, cut off at ``cap``."""

    dist: Literal["pareto"]
    xm: Positive
    alpha: Positive
    cap: Positive

    @model_validator(mode="after")
    def _ordered(self) -> Pareto:
        if self.xm > self.cap:
            raise ValueError(f"xm {self.xm:g} is above cap {self.cap:g}")
        return self

    def sample(self, random: np.random.Generator, size: int) -> Floats:
        """So many variates."""
        # In logarithms, as a small alpha would overflow on the way to the cap.
        exponents = -np.log(1.0 - random.random(size)) / self.alpha
        drawn: Floats = np.exp(np.minimum(np.log(self.xm) + exponents, np.log(self.cap)))
        return drawn


class Constant(Stated):
    """Always ``value``."""

    dist: Literal["const"]
    value: NotNegative

    def sample(self, random: np.random.Generator, size: int) -> Floats:
        """So many times the value."""
        return np.full(size, self.value)


Simple = Annotated[Uniform | Lognormal | Pareto | Constant, Field(discriminator="dist")]


class Part(BaseModel):
    """One part of a mixture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: Share
    of: Simple


class Mixture(Stated):
    """One of several distributions, chosen by share for each variate."""

    dist: Literal["mixture"]
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> Mixture:
        _add_up([part.share for part in self.parts])
        return self

    def sample(self, random: np.random.Generator, size: int) -> Floats:
        """So many variates."""
        chosen = random.choice(len(self.parts), size, p=_exact([part.share for part in self.parts]))
        drawn = np.stack([part.of.sample(random, size) for part in self.parts])
        picked: Floats = drawn[chosen, np.arange(size)]
        return picked


Distribution = Annotated[Uniform | Lognormal | Pareto | Constant | Mixture, Field(discriminator="dist")]
DISTRIBUTIONS = ("uniform", "lognormal", "pareto", "const", "mixture")


class Categorical(Stated):
    """Whole numbers, each with its share."""

    values: Annotated[dict[Annotated[int, Field(ge=0)], Share], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> Categorical:
        _add_up(list(self.values.values()))
        return self

    def sample(self, random: np.random.Generator, size: int) -> NDArray[np.int64]:
        """So many numbers."""
        return random.choice(np.array(list(self.values), np.int64), size, p=_exact(list(self.values.values())))


Draw = Callable[[], float]
_ENDLESS = 2**62


def draws(distribution: Uniform | Lognormal | Pareto | Constant | Mixture, random: np.random.Generator) -> Draw:
    """A function that gives one variate a call, drawn in blocks: about 40 ns."""
    if isinstance(distribution, Constant):
        return repeat(distribution.value).__next__
    return _stream(lambda: distribution.sample(random, BLOCK))


def chances(share: float, random: np.random.Generator) -> Callable[[], bool]:
    """A function that is true for this share of its calls."""
    if share <= 0:
        return repeat(False).__next__
    return _stream(lambda: random.random(BLOCK) < share)


def clean_runs(share: float, random: np.random.Generator) -> Callable[[], int]:
    """A function that gives the number of successes before the next failure, failures having this share."""
    if share <= 0:
        return repeat(_ENDLESS).__next__
    return _stream(lambda: random.geometric(share, BLOCK) - 1)


def _stream(block: Callable[[], NDArray[Any]]) -> Callable[[], Any]:
    """The entries of block after block, as Python values; no Python code runs between two of a block."""
    blocks: Iterator[list[Any]] = iter(lambda: block().tolist(), None)
    return chain.from_iterable(blocks).__next__


def _add_up(shares: list[float]) -> None:
    total = sum(shares)
    if abs(total - 1.0) > _SHARES_TOLERANCE:
        raise ValueError(f"the shares must add up to 1, they add up to {total:.6g}")


def _exact(shares: list[float]) -> Floats:
    return np.array(shares) / sum(shares)


def _words(value: object) -> str:
    if isinstance(value, Part):
        return f"{value.share:g} {value.of.describe()}"
    if isinstance(value, Stated):
        return f"({value.describe()})"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {share:g}" for key, share in value.items())
    if isinstance(value, tuple):
        return "; ".join(_words(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
