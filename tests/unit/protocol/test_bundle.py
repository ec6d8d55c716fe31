"""A bundle is read strictly, and judging it is total: whatever comes, the answer is a verdict or `Refused`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keys import signing
from protocol import share
from protocol.bundle import Bundle
from protocol.identity import Logged
from protocol.pins import Pins
from protocol.share import Verified
from protocol.statements.base import Refused
from tests.unit.protocol.mutations import other_values, places, put
from tests.unit.protocol.world import Story, tell


@pytest.fixture(scope="module")
def story() -> Story:
    return tell()


def judged(story: Story, came: Any) -> Verified | str:
    """Judge JSON as a client does, and give what is believed, or the code of the refusal."""
    try:
        return share.verify(Bundle.parse(came), story.policy(), Pins(), story.at)
    except Refused as refusal:
        return refusal.code


def test_a_bundle_reads_what_it_writes(story: Story) -> None:
    written = story.bundle().to_json()
    assert Bundle.parse(written).to_json() == written
    assert isinstance(judged(story, written), Verified)
    received = tell(act="receive").bundle().to_json()
    assert Bundle.parse(received).to_json() == received


def test_every_change_to_every_place_of_a_bundle_is_refused(story: Story) -> None:
    written = story.bundle().to_json()
    count = 0
    for path, value in places(written):
        for other in other_values(value):
            assert isinstance(judged(story, put(written, path, other)), str), (path, other)
            count += 1
    assert count > 700


def test_whatever_is_withheld_is_refused_or_without_effect(story: Story) -> None:
    """Only what later statements replaced, or what proves nothing that is asked, may be missing."""
    written = story.bundle().to_json()
    untouched = set()
    for path, value in places(written):
        for index in range(len(value)) if isinstance(value, list) else ():
            came = judged(story, put(written, path, value[:index] + value[index + 1 :]))
            if isinstance(came, Verified):
                untouched.add(next(name for name, said in story.said.items() if said.token == value[index]["token"]))
                assert came.permit == story.verify().permit
    assert untouched == {"gp epoch 2"}


@pytest.mark.parametrize("size", ["0", "01", "+1", "1_0", " 1", "x", "", "9" * 20, "\u0661"])
def test_a_size_has_one_spelling(story: Story, size: str) -> None:
    written = story.bundle().to_json()
    assert judged(story, written | {"consistency": {**written["consistency"], size: []}}) == "bad-bundle"


def test_more_than_a_client_can_judge_is_refused(story: Story) -> None:
    written = story.bundle().to_json()
    logged = written["open"]
    many: list[dict[str, Any]] = [{**logged, "token": f"{number}"} for number in range(2_001)]
    all_huge: list[dict[str, Any]] = [
        {"statements": many},
        {"hearings": many},
        {"renewals": written["renewals"] * 51},
        {"consents": written["consents"] * 21},
        {"consents": [{**written["consents"][0], "statements": many[:501]}]},
        {"consistency": {str(number): [] for number in range(1, 10_002)}},
        {"open": {**logged, "token": "x" * ((1 << 20) + 1)}},
        {"manifest": {**logged, "receipt": "x" * ((1 << 20) + 1)}},
        {"renewals": [{**written["renewals"][0], "proof": ["AAAA"] * 65}]},
    ]
    for huge in all_huge:
        assert judged(story, written | huge) == "bad-bundle"


def test_the_same_statement_twice_is_refused(story: Story) -> None:
    written = story.bundle().to_json()
    assert judged(story, written | {"statements": written["statements"] * 2}) == "bad-bundle"
    assert judged(story, written | {"hearings": written["hearings"] * 2}) == "bad-bundle"


def test_a_signature_that_was_never_checked_does_not_ride_on_one_that_was(story: Story) -> None:
    """Verified statements are remembered by their whole token: the digest does not cover the signature."""
    written = story.bundle().to_json()
    assert isinstance(judged(story, written), Verified)
    head, _, signature = written["manifest"]["token"].rpartition(".")
    forged = f"{head}.{'A' * len(signature)}"
    assert judged(story, put(written, ("manifest", "token"), forged)) == "bad-statement"


def with_parts(bundle: Bundle, parts: object) -> Bundle:
    """Give the bundle with a manifest that nobody will believe, of these parts."""
    body = signing.peek(bundle.manifest.token).body | {"parts": parts}
    return replace(bundle, manifest=Logged(signing.sign("manifest", body, signing.generate()), "x"))


def test_the_first_file_is_announced_with_the_entry_of_the_opening(story: Story) -> None:
    parts = [{"part": name} for name in ("header", "body", "file-1", "file-2")]
    announced = share.announced(with_parts(story.bundle(), parts))
    assert announced == share.Announced("file-1", story.verify().opened.entry.id)


def test_a_bundle_without_files_or_that_is_none_announces_nothing(story: Story) -> None:
    bundle = story.bundle()
    assert share.announced(bundle) is None
    for parts in ([], None, ["header", "body", "file-1"], [{}, {}, {"part": "../file-1"}], [{}, {}, {"other": 1}]):
        assert share.announced(with_parts(bundle, parts)) is None, parts
    promising = with_parts(bundle, [{}, {}, {"part": "file-1"}])
    assert share.announced(promising) is not None
    assert share.announced(replace(promising, manifest=bundle.open)) is None
    assert share.announced(replace(promising, manifest=Logged("x", "x"))) is None
    assert share.announced(replace(promising, open=Logged("x", "x"))) is None
    head, extra, rest = bundle.open.receipt.split("\n", 2)
    assert extra.startswith("extra ")
    assert share.announced(replace(promising, open=Logged("x", f"{head}\n{rest}"))) is None
