"""Everything that comes with one released envelope, as it travels: nothing in it is believed yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from keys.encoding import decode, encode
from protocol.evidence import ConsentRecord
from protocol.identity import Logged
from protocol.reading import FORMAT_VERSION, Fields, Malformed, distinct, integer, listed, text
from protocol.statements.base import Refused


@dataclass(frozen=True, slots=True)
class Renewal:
    """A registrar's renewal and the proof that one sheet is under it."""

    logged: Logged
    index: int
    proof: tuple[bytes, ...]

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{logged, index, proof}`."""
        fields = Fields(value, "renewal")
        renewal = cls(
            fields.take("logged", Logged.parse),
            fields.take("index", integer),
            fields.take("proof", listed(_binary, most=64)),
        )
        fields.done()
        return renewal

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {
            "logged": self.logged.to_json(),
            "index": self.index,
            "proof": [encode(node) for node in self.proof],
        }


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that comes with one released envelope; `docs/protocol.md` has the JSON."""

    statements: tuple[Logged, ...]
    renewals: tuple[Renewal, ...]
    consents: tuple[ConsentRecord, ...]
    hearings: tuple[Logged, ...]
    facts: tuple[Logged, ...]
    shields: tuple[Logged, ...]
    manifest: Logged
    open: Logged
    envelope: bytes
    header: bytes
    body: bytes | None
    consistency: Mapping[int, tuple[bytes, ...]]

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take the JSON object.

        Raises:
            Refused: `bad-bundle`.
        """
        try:
            fields = Fields(value, "bundle")
            fields.version()
            bundle = cls(
                statements=fields.take("statements", distinct(Logged.parse, most=2_000)),
                renewals=fields.take("renewals", listed(Renewal.parse, most=50)),
                consents=fields.take("consents", listed(ConsentRecord.parse, most=20)),
                hearings=fields.take("hearings", distinct(Logged.parse, most=2_000)),
                facts=fields.take("facts", distinct(Logged.parse, most=2_000)),
                shields=fields.take("shields", distinct(Logged.parse, most=2_000)),
                manifest=fields.take("manifest", Logged.parse),
                open=fields.take("open", Logged.parse),
                envelope=fields.take("envelope", _binary),
                header=fields.take("header", _binary),
                body=fields.take_or_null("body", _binary),
                consistency=fields.take("consistency", _proofs),
            )
            fields.done()
        except ValueError as error:
            raise Refused("bad-bundle", f"the answer is not of its form: {error}") from error
        return bundle

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {
            "v": FORMAT_VERSION,
            "statements": [logged.to_json() for logged in self.statements],
            "renewals": [renewal.to_json() for renewal in self.renewals],
            "consents": [record.to_json() for record in self.consents],
            "hearings": [logged.to_json() for logged in self.hearings],
            "facts": [logged.to_json() for logged in self.facts],
            "shields": [logged.to_json() for logged in self.shields],
            "manifest": self.manifest.to_json(),
            "open": self.open.to_json(),
            "envelope": encode(self.envelope),
            "header": encode(self.header),
            "body": None if self.body is None else encode(self.body),
            "consistency": {str(size): [encode(node) for node in proof] for size, proof in self.consistency.items()},
        }


_SIZE = re.compile(r"[1-9][0-9]{0,18}")
_MOST_PROOFS = 10_000


def _binary(value: object) -> bytes:
    return decode(text(value))


def _proofs(value: object) -> Mapping[int, tuple[bytes, ...]]:
    if not isinstance(value, Mapping):
        raise Malformed("must be an object")
    if len(value) > _MOST_PROOFS:
        raise Malformed(f"must hold at most {_MOST_PROOFS} proofs")
    return {_size(size): listed(_binary, most=64)(proof) for size, proof in value.items()}


def _size(value: object) -> int:
    # One spelling of a size: otherwise two proofs could stand under one.
    if not isinstance(value, str) or not _SIZE.fullmatch(value):
        raise Malformed("a size is decimal, without leading zeros")
    return int(value)
