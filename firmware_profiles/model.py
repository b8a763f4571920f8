"""What a firmware profile may say, checked. Every choice carries how sure it is and where it comes from.

Marks: H known from a public document, M from a name or a second-hand source, L by inference, A assumed.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

T = TypeVar("T")
Confidence = Literal["H", "M", "L", "A"]


def _number(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ValueError(f"a number is needed, not {value!r}")


_Number = BeforeValidator(_number)
Rows = Annotated[int, _Number, Field(ge=1, le=1_000_000)]
Seconds = Annotated[float, _Number, Field(ge=0)]
PositiveSeconds = Annotated[float, _Number, Field(gt=0)]
Ppm = Annotated[float, _Number, Field(ge=-1000, le=1000)]
PpmSpread = Annotated[float, _Number, Field(ge=0, le=1000)]
ResultCode = Annotated[int, _Number, Field(ge=1, le=250)]


def _empty_range(value: object) -> object:
    if value == "empty_array" or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 250):
        return value
    raise ValueError(f'write "empty_array" or a result code from 1 to 250, not {value!r}')


EmptyRange = Annotated[Literal["empty_array"] | int, BeforeValidator(_empty_range)]
"""An empty compact array, or the result code that refuses the read."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Stated(_Section, Generic[T]):
    """One choice: its value, how sure it is and its source."""

    value: T
    confidence: Confidence
    source: Annotated[str, Field(min_length=1)]


class LogDepths(_Section):
    """Rows that each log holds."""

    profile_active_import: Stated[Rows]
    profile_reactive_import: Stated[Rows]
    profile_export: Stated[Rows]
    daily_read_import: Stated[Rows]
    daily_read_export: Stated[Rows]
    daily_consumption: Stated[Rows]

    def rows(self) -> dict[str, int]:
        """Depth by log."""
        return {name: getattr(self, name).value for name in type(self).model_fields}


class Clock(_Section):
    """The meter's clock: see the fields of the same names in the emulator's device clock."""

    drift_ppm: Stated[Ppm]
    drift_spread_ppm: Stated[PpmSpread]
    resync_interval_s: Stated[PositiveSeconds]
    resync_error_s: Stated[Seconds]
    tolerance_s: Stated[PositiveSeconds]
    beyond_tolerance: Stated[Literal["keep", "correct"]]
    unreliable_after_s: Stated[PositiveSeconds]


class Capture(_Section):
    """How rows come into the logs."""

    delay_s: Stated[Seconds]


class Reads(_Section):
    """How reads are answered: anti-replay, ranges without rows, and the result codes of refusals."""

    replay_policy: Stated[Literal["window", "off"]]
    replay_window: Stated[Annotated[int, _Number, Field(ge=1, le=4096)]]
    empty_range: Stated[EmptyRange]
    no_permission_code: Stated[ResultCode]
    unknown_object_code: Stated[ResultCode]
    wrong_access_code: Stated[ResultCode]


class RowsLost(_Section):
    """Parameters of ``drop_rows_after_power_cut``."""

    rows: Annotated[int, _Number, Field(ge=1, le=48)]


class CutLength(_Section):
    """Parameters of ``clear_profile_after_power_cut``."""

    longer_than_s: PositiveSeconds


class _Deviation(_Section):
    description: Annotated[str, Field(min_length=1)]
    confidence: Confidence
    source: Annotated[str, Field(min_length=1)]


class DropRowsAfterPowerCut(_Deviation):
    """The half-hourly logs miss the first rows after power returns."""

    name: Literal["drop_rows_after_power_cut"]
    parameters: RowsLost


class ClearProfileAfterPowerCut(_Deviation):
    """A long power cut empties the half-hourly logs."""

    name: Literal["clear_profile_after_power_cut"]
    parameters: CutLength


Deviation: TypeAlias = DropRowsAfterPowerCut | ClearProfileAfterPowerCut
"""A named way to differ that no other section covers; each name has its own parameters."""


class FirmwareProfile(_Section):
    """How one model and firmware behaves where the specifications leave room or a meter departs from them."""

    name: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1)]
    model: Annotated[str, Field(min_length=1)]
    firmware_version: Annotated[str, Field(min_length=1)]
    confidence: Confidence
    source: Annotated[str, Field(min_length=1)]
    logs: LogDepths
    clock: Clock
    capture: Capture
    reads: Reads
    deviations: tuple[Annotated[Deviation, Field(discriminator="name")], ...] = ()


def assumptions(profile: FirmwareProfile, beyond: FirmwareProfile | None = None) -> list[tuple[str, str, str, str]]:
    """Name, value, confidence and source of every choice of a profile, names like ``slow-clock: clock.drift_ppm``.

    With ``beyond``, only the choices that differ from those of another profile.
    """
    stated: list[tuple[str, str, str, str]] = []
    for section in ("logs", "clock", "capture", "reads"):
        chosen: Any = getattr(profile, section)
        for key in type(chosen).model_fields:
            one = getattr(chosen, key)
            if beyond is None or one != getattr(getattr(beyond, section), key):
                stated.append((f"{profile.name}: {section}.{key}", str(one.value), one.confidence, one.source))
    for deviation in profile.deviations:
        if beyond is None or deviation not in beyond.deviations:
            given = ", ".join(f"{name} = {value}" for name, value in deviation.parameters.model_dump().items())
            stated.append((f"{profile.name}: {deviation.name}", given, deviation.confidence, deviation.source))
    return stated
