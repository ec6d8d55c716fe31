"""What a client has once believed: the highest number of each thing and its digest.

A lower number is a rollback; the same number with another digest is two truths, and evidence (DESIGN §3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from protocol.identifiers import parse_digest
from protocol.reading import Fields, Malformed, integer, text
from protocol.statements.base import Refused


@dataclass(frozen=True, slots=True)
class Pin:
    """The highest number seen and the digest it had."""

    number: int
    digest: str

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{number, digest}`."""
        fields = Fields(value, "pin")
        pin = cls(fields.take("number", integer), fields.take("digest", parse_digest))
        fields.done()
        return pin


@dataclass(frozen=True, slots=True)
class Pins:
    """An immutable set of pins; `checked` answers with the next one."""

    known: Mapping[str, Pin] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take the JSON object that `to_json` returned.

        Raises:
            Refused: `bad-pins`. Whoever keeps pins must not go on without them: they are what stops a rollback.
        """
        if not isinstance(value, Mapping):
            raise Refused("bad-pins", "pins must be an object")
        try:
            return cls({text(name): Pin.parse(pin) for name, pin in value.items()})
        except Malformed as error:
            raise Refused("bad-pins", f"the pins are not of their form: {error}") from error

    def to_json(self) -> dict[str, Any]:
        """Return `{name: {number, digest}}`."""
        return {name: {"number": pin.number, "digest": pin.digest} for name, pin in sorted(self.known.items())}

    def checked(self, name: str, number: int, digest: str) -> Pins:
        """Accept a number that is not lower, and the same number only with the same digest.

        Raises:
            Refused: `rolled-back` for a lower number, `two-truths` for another digest under the same number.
        """
        pin = self.known.get(name)
        if pin is not None and number < pin.number:
            raise Refused("rolled-back", f"{name}: number {number} is older than {pin.number}, already seen")
        if pin is not None and number == pin.number and digest != pin.digest:
            raise Refused("two-truths", f"{name}: two different statements carry number {number}")
        return self if pin is not None and number == pin.number else Pins({**self.known, name: Pin(number, digest)})
