"""Who is kept out: the forms by vectors, what a client believes, and which restricted mailbox may be sealed to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.keeping_out import KeptOut
from protocol.exclusions import kept_out
from protocol.identifiers import Instant, PersonId
from protocol.identity import Directory
from protocol.logged import EVENTS
from protocol.pins import Pins
from protocol.statements.base import Refused
from protocol.statements.exclusions import KEEPING_OUT, BlockBody, ExclusionBody, KeepingOutEndBody
from protocol.statements.restricted import RestrictedEpochBody
from tests.unit.consent import family as f
from tests.unit.protocol.bodies import read_body, vectors
from tests.unit.protocol.world import DAY, GP_HEAD, Story, seal_of, sha, statement_id, tell

VECTORS = vectors("exclusions")
KINDS: dict[str, Any] = {kind.kind: kind for kind in (*KEEPING_OUT, RestrictedEpochBody)}
GROUND = sha(b"ground")
NEIGHBOUR = f.person(61)


def read(case: dict[str, Any]) -> Any:
    return read_body(KINDS, case)


@pytest.mark.parametrize("case", VECTORS["accepted"], ids=lambda case: case["name"])
def test_a_statement_reads_back_as_it_was_written(case: dict[str, Any]) -> None:
    assert read(case).to_json() == case["body"]


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_a_statement_of_another_form_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=case["why"]):
        read(case)


def test_there_are_as_many_refused_as_accepted_and_each_kind_is_an_event() -> None:
    assert len(VECTORS["refused"]) >= len(VECTORS["accepted"])
    assert {case["kind"] for case in VECTORS["accepted"]} == KINDS.keys() <= EVENTS.keys()


# What a client believes


def believed(*said: tuple[PersonId, Any]) -> tuple[KeptOut, ...]:
    def between(story: Story) -> None:
        for number, (who, body) in enumerate(said):
            story.do(f"word {number}", who, body)

    story = tell(between=between)
    return kept_out(story.directory(), [story.logged(f"word {number}") for number in range(len(said))])


def test_a_client_believes_the_family_about_staff_and_a_unit_about_the_family() -> None:
    exclusion = ExclusionBody(statement_id(90), f.CHILD, f.GP, NEIGHBOUR)
    block = BlockBody(statement_id(91), f.CHILD, f.GP, f.FATHER, GROUND, Instant(f.MADE + 90 * DAY))
    found = believed((f.MOTHER, exclusion), (f.DOCTOR, block))
    assert [(each.person, each.by, each.mailbox, each.unit) for each in found] == [
        (NEIGHBOUR, f.MOTHER, f.GP, None),
        (f.FATHER, f.DOCTOR, None, f.GP),
    ]


@pytest.mark.parametrize(
    ("who", "body", "code"),
    [
        (f.DOCTOR, ExclusionBody(statement_id(90), f.CHILD, f.GP, NEIGHBOUR), "not-entitled"),
        (f.MOTHER, BlockBody(statement_id(91), f.CHILD, f.GP, f.FATHER, GROUND, f.MADE), "not-entitled"),
        (f.MOTHER, KeepingOutEndBody(statement_id(92), f.CHILD, None, "a" * 64), "not-in-chain"),
    ],
    ids=["staff for a family", "a mother for a unit", "an end"],
)
def test_a_client_believes_nobody_else_and_no_end(who: PersonId, body: Any, code: str) -> None:
    with pytest.raises(Refused) as refused:
        believed((who, body))
    assert refused.value.code == code


# Restricted mailboxes

Change = Callable[[RestrictedEpochBody], RestrictedEpochBody]


def restricted(story: Story, number: int, members: Iterable[PersonId], **changed: Any) -> RestrictedEpochBody:
    own = story.epoch(f.GP, number, members)
    told = {name: getattr(own, name) for name in ("number", "not_after", "unit", "members")}
    return RestrictedEpochBody(**{**told, "seal": seal_of(f.GP, 90 + number), "without": (NEIGHBOUR,), **changed})


def directory(*bodies: Callable[[Story], RestrictedEpochBody], who: PersonId = GP_HEAD, at: int = 0) -> Directory:
    def between(story: Story) -> None:
        for number, body in enumerate(bodies, start=1):
            story.do(f"restricted {number}", who, body(story))

    story = tell(between=between)
    learnt = Directory(story.policy(), Pins(), Instant(story.at + at))
    learnt.learn([*story.chain(), *(story.logged(f"restricted {number + 1}") for number in range(len(bodies)))])
    return learnt


def first(story: Story) -> RestrictedEpochBody:
    return restricted(story, 1, (GP_HEAD, f.DOCTOR))


def test_the_latest_epoch_of_the_mailbox_without_them_is_sealed_to() -> None:
    learnt = directory(first, lambda story: restricted(story, 2, (GP_HEAD,)))
    assert learnt.restricted(f.GP, [NEIGHBOUR]).body.number == 2
    assert learnt.epoch(f.GP).body.seal != learnt.restricted(f.GP, [NEIGHBOUR]).body.seal
    assert learnt.pins.known[f"epoch {f.GP}-without-{NEIGHBOUR}"].number == 2


def code(learnt: Directory, *persons: PersonId) -> str:
    with pytest.raises(Refused) as refused:
        learnt.restricted(f.GP, persons)
    return refused.value.code


def test_a_mailbox_without_others_is_another_one() -> None:
    assert code(directory(first), NEIGHBOUR, f.person(60)) == "no-epoch"


def test_it_counts_only_while_all_whom_it_lists_are_members_of_the_unit_with_those_keys() -> None:
    def stranger(story: Story) -> RestrictedEpochBody:
        return restricted(story, 1, (GP_HEAD, f.PSYCHOLOGIST))

    def other_keys(story: Story) -> RestrictedEpochBody:
        body = first(story)
        return replace(body, members=tuple(replace(each, keys=GROUND) for each in body.members))

    assert [code(directory(each), NEIGHBOUR) for each in (stranger, other_keys)] == ["not-entitled"] * 2


def test_the_units_own_key_is_no_key_without_somebody() -> None:
    def same(story: Story) -> RestrictedEpochBody:
        return restricted(story, 1, (GP_HEAD,), seal=seal_of(f.GP, 2))

    assert code(directory(same), NEIGHBOUR) == "not-entitled"


def test_it_ends_as_every_epoch_does() -> None:
    def short(story: Story) -> RestrictedEpochBody:
        return restricted(story, 1, (GP_HEAD,), not_after=Instant(story.now + DAY))

    assert code(directory(short, at=2 * DAY), NEIGHBOUR) == "ended"


def test_whoever_is_kept_out_does_not_draw_the_key() -> None:
    def without_head(story: Story) -> RestrictedEpochBody:
        return restricted(story, 1, (f.DOCTOR,), without=(GP_HEAD,))

    with pytest.raises(Refused) as refused:
        directory(without_head)
    assert refused.value.code == "not-entitled"


def test_only_the_units_custodian_makes_one_and_nobody_tells_two_truths() -> None:
    with pytest.raises(Refused) as refused:
        directory(first, who=f.DOCTOR)
    assert refused.value.code == "not-entitled"
    with pytest.raises(Refused) as refused:
        directory(first, lambda story: restricted(story, 1, (GP_HEAD,)))
    assert refused.value.code == "two-truths"
