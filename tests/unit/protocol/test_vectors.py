"""The vectors for second implementations: this one answers as they say, and those told anew say the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keys.signing import PublicKey
from protocol.share import Verified
from tests.vectors.identity import generate as identity
from tests.vectors.share import generate as shared

CHAIN: dict[str, Any] = json.loads(identity.FILE.read_text(encoding="utf-8"))
VERIFY: dict[str, Any] = json.loads(shared.FILE.read_text(encoding="utf-8"))


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", CHAIN["accepted"], ids=name_of)
def test_a_chain_that_holds_is_believed(vector: dict[str, Any]) -> None:
    assert identity.judged(CHAIN, vector, PublicKey.from_jwk(CHAIN["root"])) == vector["pins_after"]


@pytest.mark.parametrize("vector", CHAIN["refused"], ids=name_of)
def test_a_chain_that_does_not_hold_is_refused(vector: dict[str, Any]) -> None:
    assert identity.judged(CHAIN, vector, PublicKey.from_jwk(CHAIN["root"])) == vector["code"]


@pytest.mark.parametrize("vector", VERIFY["accepted"], ids=name_of)
def test_a_bundle_that_holds_is_believed(vector: dict[str, Any]) -> None:
    verified = shared.judged(VERIFY, vector, PublicKey.from_jwk(VERIFY["root"]))
    assert isinstance(verified, Verified)
    assert (verified.manifest.body.share, list(verified.manifest.body.consents)) == (
        vector["share"],
        vector["consents"],
    )


@pytest.mark.parametrize("vector", VERIFY["refused"], ids=name_of)
def test_a_bundle_that_does_not_hold_is_refused(vector: dict[str, Any]) -> None:
    assert shared.judged(VERIFY, vector, PublicKey.from_jwk(VERIFY["root"])) == vector["code"]


@pytest.mark.parametrize(("vectors", "generate"), [(CHAIN, identity.generate), (VERIFY, shared.generate)])
def test_the_vectors_are_those_that_the_generator_writes(vectors: dict[str, Any], generate: Any) -> None:
    """Signatures differ from run to run; names, codes and numbers do not. As many are refused as accepted at least."""
    told = generate()
    for kind in ("accepted", "refused"):
        assert [(each["name"], each.get("code")) for each in told[kind]] == [
            (each["name"], each.get("code")) for each in vectors[kind]
        ]
    assert len(vectors["refused"]) >= len(vectors["accepted"])
