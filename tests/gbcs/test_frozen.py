"""The quick maker of frozen dataclasses makes ordinary instances of them."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gbcs.framing import Message, OtherInformation
from gbcs.frozen import maker

VALUES = st.integers() | st.binary() | st.none()


@dataclass(frozen=True, slots=True)
class Three:
    first: object
    second: object
    third: object = 3


@given(VALUES, VALUES, VALUES)
def test_a_made_instance_equals_a_constructed_one(first: object, second: object, third: object) -> None:
    make = maker(Three)
    assert make(first, second, third) == Three(first, second, third)
    assert make(first, third=third, second=second) == Three(first, second, third)
    assert make(first, second) == Three(first, second)
    assert hash(make(1, 2)) == hash(Three(1, 2))


def test_a_made_instance_is_frozen_and_of_its_class() -> None:
    made = maker(Three)(1, 2)
    assert type(made) is Three and repr(made) == repr(Three(1, 2))
    assert replace(made, first=5) == Three(5, 2)
    with pytest.raises(FrozenInstanceError):
        made.first = 2  # type: ignore[misc]
    other = maker(OtherInformation)(7)
    assert pickle.loads(pickle.dumps(other)) == OtherInformation(7)


def test_missing_and_unknown_arguments_are_errors() -> None:
    with pytest.raises(TypeError):
        maker(Three)(1)
    with pytest.raises(TypeError):
        maker(Three)(1, 2, fourth=4)


@dataclass(frozen=True, slots=True)
class Checked:
    value: int

    def __post_init__(self) -> None:
        if self.value < 0:
            raise ValueError("negative")


@dataclass(frozen=True)
class WithoutSlots:
    value: int


@dataclass(slots=True)
class Movable:
    value: int


@dataclass(frozen=True, slots=True)
class Fresh:
    values: list[int] = field(default_factory=list)


@pytest.mark.parametrize("cls", [Checked, WithoutSlots, Movable, Fresh, int])
def test_every_other_class_is_made_by_itself(cls: type) -> None:
    assert maker(cls) is cls


def test_the_maker_of_messages_fills_defaults() -> None:
    arguments = (1, 7, bytes(8), bytes(8), b"", OtherInformation(0x37), b"content")
    assert maker(Message)(*arguments) == Message(*arguments)
