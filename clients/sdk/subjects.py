"""Children: a registrar's sheet and sealed card, and reading the card that was sealed to me (DESIGN §3)."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from clients.sdk.client import Client, days
from clients.sdk.errors import Incomplete, Tampered
from clients.sdk.journal import purpose
from clients.sdk.mailboxes import key_id
from clients.sdk.transport import clock
from keys import sealing
from keys.canonical import canonical
from keys.encoding import decode, encode
from protocol.authorities import bound
from protocol.consent.case import Holder
from protocol.consent.vocabulary import Capacity, Responsibility
from protocol.identifiers import Instant, PersonId, SubjectId
from protocol.identity import Directory
from protocol.national_id import NationalId, Numbers
from protocol.statements.identity import SheetBody, SubjectCard

SHEET_DAYS = 30
_INDEX_SECRET = "blind index"  # noqa: S105  (the name under which the keyring keeps it)


@dataclass(frozen=True, slots=True)
class Child:
    """What a registrar knows of a child from the register."""

    name: str
    national_id: str
    birth_date: date
    responsibility: Responsibility
    guardians: tuple[PersonId, ...]
    youth: PersonId | None = None
    relatives: tuple[PersonId, ...] = ()


async def register(client: Client, child: Child, numbers: Numbers = Numbers.SYNTHETIC) -> SubjectId:
    """Publish a new child's sheet with its card sealed to everybody on it; returns the subject's id."""
    await client.load_policy()
    number = NationalId.parse(child.national_id, numbers).text
    subject = SubjectId.of(secrets.token_bytes(16))
    card = SubjectCard(subject, child.name, number, secrets.token_bytes(32))
    may_sign = _holders(child.guardians, Capacity.GUARDIAN)
    if child.youth is not None:
        may_sign += _holders([child.youth], Capacity.SELF)
    body = SheetBody(
        number=1,
        not_after=days(SHEET_DAYS),
        subject=subject,
        birth_date=child.birth_date,
        responsibility=child.responsibility,
        may_sign=may_sign,
        may_know=may_sign + _holders(child.relatives, Capacity.FAMILY),
        authorities=(),
        card=card.digest,
        index=blind_index(client, number),
    )
    sealed = await _sealed(client, card, body)
    # One child once: the same register's person again is the same wish, until it is answered.
    done = await client.submit("/v1/statements", body, purpose=_wish(child, body.index), more={"cards": sealed})
    return SubjectId.parse(done.said["subject"])


async def sealed_cards(client: Client, body: SheetBody) -> list[dict[str, str]]:
    """Return a known child's card, sealed to everybody on this sheet and to every registrar.

    Raises:
        Incomplete: `no-card`, if it was sealed to another registrar and not to me.
    """
    known = await card(client, body.subject)
    if known is None:
        raise Incomplete("no-card", "The child's card is not here: sign where the child was registered.")
    return await _sealed(client, known, body)


async def renew(client: Client, subject: SubjectId) -> None:
    """Prolong a child's sheet, rechecked as unchanged, with the next number."""
    directory = await client.directory(subjects=[subject])
    body = directory.sheet(subject).body
    named = bound(directory.determined(subject))
    again = replace(body, number=body.number + 1, not_after=days(SHEET_DAYS), authorities=named)
    await client.submit("/v1/statements", again)


async def card(client: Client, subject: SubjectId) -> SubjectCard | None:
    """Return the child's card: sealed to me by the registrar, else the one that last came with a share; null if none.

    Raises:
        Tampered: the card is not the one that the sheet binds.
    """
    directory = await client.directory(subjects=[subject])
    answer = await client.transport.get(f"/v1/subjects/{subject}")
    own = client.home.keyring.sealing
    for sealed in answer["cards"]:
        info = _card_info(client, subject, directory.sheet(subject).body.card, own.public.raw)
        try:
            opened = sealing.unseal(decode(sealed), own, info)
        except sealing.CannotOpen:
            continue
        return checked_card(json.loads(opened), directory)
    return _remembered(client, subject, directory)


def remember_card(client: Client, known: SubjectCard) -> None:
    """Keep a checked card that came with a share, under the passphrase, so that an answer can carry it too."""
    name, written = _card_name(known.subject), canonical(dict(known.to_json()))
    keyring = client.home.keyring
    if name in keyring.secret_names():
        if keyring.secret(name) == written:
            return
        keyring.remove_secret(name)
    keyring.add_secret(name, written)


def checked_card(value: object, directory: Directory) -> SubjectCard:
    """Take a card, and check it against the sheet that the directory believes; raises `Tampered`."""
    found = SubjectCard.parse(value)
    if found.digest != directory.sheet(found.subject).body.card:
        raise Tampered("wrong-card", "The child's card is not the one that the registrar signed for.")
    return found


def _wish(child: Child, index: str) -> str:
    people = (*child.guardians, "/", child.youth, "/", *child.relatives)
    return purpose("child", index, child.name, child.birth_date, child.responsibility, *people)


def _remembered(client: Client, subject: SubjectId, directory: Directory) -> SubjectCard | None:
    name = _card_name(subject)
    if name not in client.home.keyring.secret_names():
        return None
    known = SubjectCard.parse(json.loads(client.home.keyring.secret(name)))
    # The registrar may have signed for another card since.
    return known if known.digest == directory.sheet(subject).body.card else None


def _card_name(subject: SubjectId) -> str:
    return f"card {subject}"


def _holders(persons: Sequence[PersonId], capacity: Capacity) -> tuple[Holder, ...]:
    now = clock()
    return tuple(
        Holder(person=person, capacity=capacity, holds_from=Instant(0), holds_to=None, known_at=now)
        for person in persons
    )


def blind_index(client: Client, national_id: str) -> str:
    """Return what a sheet carries of a national id, under the key that only registrars hold."""
    keyring = client.home.keyring
    if _INDEX_SECRET not in keyring.secret_names():
        keyring.add_secret(_INDEX_SECRET, secrets.token_bytes(32))
    return hmac.digest(keyring.secret(_INDEX_SECRET), national_id.encode(), "sha256").hex()


async def _sealed(client: Client, card: SubjectCard, body: SheetBody) -> list[dict[str, str]]:
    persons = {holder.person for holder in (*body.may_sign, *body.may_know)}
    directory = await client.directory(persons=persons)
    registrars = {each.person for each in client.policy.statement.body.registrars}
    return [seal_card(client, card, to, directory) for to in sorted(persons | registrars)]


def seal_card(client: Client, card: SubjectCard, to: PersonId, directory: Directory) -> dict[str, str]:
    """Seal a card to one person, as `cards` of a sheet take it."""
    public = directory.keys(to).seal
    info = _card_info(client, card.subject, card.digest, public)
    sealed = sealing.seal(canonical(dict(card.to_json())), sealing.SealingPublicKey(public), info)
    return {"to": to, "sealed": encode(sealed)}


def _card_info(client: Client, subject: SubjectId, digest: str, recipient: bytes) -> bytes:
    return canonical(
        {
            "v": 1,
            "use": "subject-card",
            "log": client.policy.origin,
            "recipient_key": key_id(recipient),
            "subject": subject,
            "card": digest,
        }
    )
