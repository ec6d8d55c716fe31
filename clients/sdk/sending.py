"""Sending: decide, then encrypt, upload, seal, sign. What lacks a consent can be held, and is sent when it has one."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from clients.sdk import outbox
from clients.sdk import uploads as uploading
from clients.sdk.client import Client, Submitted, days, new_statement_id
from clients.sdk.consents import Situation, denied, situation
from clients.sdk.content import Attachment, Content, encrypt, file_digest
from clients.sdk.errors import Denied, Fault, Misused, Tampered
from clients.sdk.subjects import card
from clients.sdk.transport import clock
from clients.sdk.units import key_id, load_seeds
from clients.sdk.uploads import Progress, silent
from keys import commitment, sealing
from keys.canonical import canonical, parse
from keys.encoding import decode, encode
from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.ask import Actor, Ask
from protocol.consent.decide import decide
from protocol.consent.vocabulary import Act, Category, Kind, Language, Purpose
from protocol.identifiers import ConversationId, MatterId, PersonId, ShareId, SubjectId, UnitId, UploadId
from protocol.identity import Directory
from protocol.log.receipt import Verified as Proved
from protocol.share import seal_info
from protocol.statements.share import (
    BODY,
    HEADER,
    INLINE_BYTES,
    HoldBody,
    ManifestBody,
    OpenBody,
    Part,
    Recipient,
    content_digest,
)

HOLD_DAYS = 30
_SIGN_ANEW = frozenset({"wrong-epoch", "wrong-key", "upload-missing"})
"""What the server answers when something changed between the look at its keys and the share: sign once more."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to send."""

    subject: SubjectId
    matter: MatterId
    to: tuple[PersonId | UnitId, ...]
    title: str
    category: Category
    unit: UnitId | None = None
    message: str | None = None
    form: Mapping[str, Any] | None = None
    attachments: tuple[Attachment, ...] = ()
    urgency: str = "routine"
    conversation: ConversationId | None = None
    after: tuple[str, ...] = ()
    language: Language = Language.BOKMAL

    def categories(self) -> tuple[Category, ...]:
        """Every category that the content falls under, sorted."""
        return tuple(sorted({self.category, *(Category(one.category) for one in self.attachments)}))


@dataclass(frozen=True, slots=True)
class Sent:
    """A share that the server has, with the receipt that proves it."""

    share: ShareId
    entry: Proved
    consents: tuple[str, ...]
    held: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A held share: everything but the envelopes, sealed to its author's own unit or self."""

    wanted: dict[str, Any]
    parts: tuple[Part, ...]
    header_key: bytes = field(repr=False)
    body_key: bytes = field(repr=False)


async def send(client: Client, wanted: Wanted, *, hold: bool = False, progress: Progress = silent) -> Sent:
    """Share, if a consent in force covers it. With `hold`, what lacks only signatures waits at the server, sealed.

    The same wish again, after a crash or a lost answer, goes on where it stopped: nothing is sent twice.

    Raises:
        Denied: no consent covers it; `missing` says who must still act.
        UnsafeFile: a file is not taken.
        Unreachable: no answer; what was prepared stays in the outbox for `resume` or the same again.
    """
    fingerprint = await asyncio.to_thread(_fingerprint, wanted, hold=hold)
    async with client.journal.alone(_wish(fingerprint)):
        unsent = outbox.find(client, fingerprint)
        if unsent is None:
            # Decided before anything is encrypted: whoever may not send is told at once.
            _permitted(client, await _around(client, wanted), wanted, hold=hold)
            unsent = await _prepared(client, wanted, fingerprint, hold=hold)
        return await _deliver(client, unsent, wanted.language, progress)


async def resume(client: Client, language: Language = Language.BOKMAL, progress: Progress = silent) -> list[Sent]:
    """Go on with every share in the outbox; raises as `send`, at the first that cannot be sent."""
    sent = []
    for fingerprint in [unsent.fingerprint for unsent in outbox.waiting(client)]:
        async with client.journal.alone(_wish(fingerprint)):
            unsent = outbox.find(client, fingerprint)
            if unsent is not None:
                sent.append(await _deliver(client, unsent, language, progress))
    return sent


def unanswered(client: Client) -> list[ShareId]:
    """Return the shares that were handed in and whose answer never came."""
    begun = [one.purpose.split(" ", 1) for one in client.journal.all()]
    return [ShareId.parse(named[1]) for named in begun if named[0] == "share"]


async def release(client: Client, share: ShareId, language: Language = Language.BOKMAL) -> Sent:
    """Send a held share, if its consents are complete now: decide again, seal to today's keys, sign the manifest.

    Raises:
        Denied: still not complete, or not mine to release.
    """
    before = await client.finish(_purpose(share))
    if before is not None:
        return _sent(before)
    held = await holds(client)
    one = next((hold for hold in held if hold["share"] == share), None)
    if one is None:
        raise Denied("no-hold", "There is no held share of this id that you may release.")
    unit = None if one["unit"] is None else UnitId.parse(one["unit"])
    body = OpenBody(new_statement_id(), share, str(one["draft"]), "own", unit)
    opened = await client.submit(f"/v1/holds/{share}/open", body, field="statement")
    sealed = decode(opened.answer["draft"])
    if hashlib.sha256(sealed).hexdigest() != one["draft"]:
        raise Tampered("wrong-draft", "The held draft is not the one that was put aside.")
    draft = await _open_draft(client, share, unit, sealed)
    wanted = _wanted_from(draft.wanted, language)
    permit, _ = _permitted(client, await _around(client, wanted), wanted, hold=False)
    content = Content(share, draft.parts, b"", b"", {}, draft.header_key, draft.body_key)
    return await _share(client, wanted, content, {"hold": True}, permit.consents if isinstance(permit, Permit) else ())


async def holds(client: Client) -> list[dict[str, Any]]:
    """Return the held shares that I may release."""
    listed: list[dict[str, Any]] = (await client.transport.get("/v1/holds"))["holds"]
    return listed


async def drop(client: Client, share: ShareId) -> None:
    """Throw a held share away, unsent."""
    await client.transport.delete(f"/v1/holds/{share}")


def choose(client: Client, found: Situation, wanted: Wanted) -> tuple[Permit | Deny, tuple[str, ...]]:
    """Find consents that permit the share, and return the answer with the consents that came closest."""
    now = clock()
    acting = [] if wanted.unit is None else [(client.person, wanted.unit)]
    closest: tuple[Deny, tuple[str, ...]] | None = None
    for purpose, consents in _candidates(found, wanted):
        ask = Ask(
            act=Act.SHARE,
            subject=wanted.subject,
            matter=wanted.matter,
            purpose=purpose,
            sender=Actor(client.person, wanted.unit),
            receivers=tuple(sorted(wanted.to)),
            reader=None,
            categories=wanted.categories(),
            consents=consents,
            shared_at=None,
        )
        answer = decide(ask, found.case(consents, acting), now)
        if isinstance(answer, Permit):
            return answer, consents
        if closest is None or _closeness(answer) >= _closeness(closest[0]):
            closest = answer, consents if answer.missing else ()
    return closest or (Deny(Reason.NO_CONSENT), ())


def _closeness(deny: Deny) -> tuple[bool, int]:
    """Rank denials by how far the judgement came: who lacks a signature only is closer than who has no consent."""
    return bool(deny.missing), list(Reason).index(deny.reason)


def _candidates(found: Situation, wanted: Wanted) -> Iterator[tuple[Purpose, tuple[str, ...]]]:
    """Yield every set of consents in the matter that could carry the share: for a referral, care beside disclosure."""
    in_matter = [facts.terms for facts in found.consents if facts.terms.matter == wanted.matter]
    for purpose in Purpose:
        others = [one.digest for one in in_matter if one.purpose is purpose and one.kind is not Kind.CARE]
        care = [one.digest for one in in_matter if one.purpose is purpose and one.kind is Kind.CARE]
        if purpose is Purpose.REFERRAL and Category.REFERRAL in wanted.categories():
            pairs = [tuple(sorted(pair)) for pair in product(care, others)]
        else:
            pairs = [(digest,) for digest in others]
        for consents in reversed(pairs):
            yield purpose, consents


async def _header(client: Client, wanted: Wanted) -> dict[str, Any]:
    known = await card(client, wanted.subject)
    return {
        "title": wanted.title,
        "card": None if known is None else dict(known.to_json()),
        "author_unit": wanted.unit,
        "urgency": wanted.urgency,
    }


async def _around(client: Client, wanted: Wanted) -> Situation:
    return await situation(client, wanted.subject, [to for to in wanted.to if isinstance(to, UnitId)])


def _permitted(
    client: Client, found: Situation, wanted: Wanted, *, hold: bool
) -> tuple[Permit | Deny, tuple[str, ...]]:
    """Decide; a `Deny` comes back only where the share may wait for what is missing. Raises `Denied`."""
    answer, consents = choose(client, found, wanted)
    if isinstance(answer, Deny) and not (hold and consents):
        raise _refusal(answer, wanted.language)
    return answer, consents


async def _prepared(client: Client, wanted: Wanted, fingerprint: str, *, hold: bool) -> outbox.Unsent:
    """Clean, encrypt and put into the outbox, off the loop: a large file takes a while."""
    share = ShareId.of(secrets.token_bytes(16))
    folder = outbox.folder_of(client, share)
    try:
        content = await asyncio.to_thread(
            encrypt,
            share,
            await _header(client, wanted),
            message=wanted.message,
            form=wanted.form,
            category=str(wanted.category),
            attachments=list(wanted.attachments),
            folder=folder,
        )
        return outbox.keep(client, fingerprint, _wanted_to(wanted), content, hold=hold)
    except BaseException:
        outbox.discard(folder)
        raise


async def _deliver(client: Client, unsent: outbox.Unsent, language: Language, progress: Progress) -> Sent:
    """Bring one share of the outbox to the server; it leaves the outbox when the server has said yes or no."""
    share = unsent.content.share
    try:
        before = await client.finish(_purpose(share))
        sent = _sent(before) if before is not None else await _attempts(client, unsent, language, progress)
    except (Denied, Misused, Tampered) as error:
        if client.journal.find(_purpose(share)) is None and error.code != "sign-in-refused":
            unsent.discard()
        raise
    unsent.discard()
    return sent


async def _attempts(client: Client, unsent: outbox.Unsent, language: Language, progress: Progress) -> Sent:
    """Sign and hand in; once more if a key changed under it, or the server had thrown an old upload away."""
    try:
        return await _attempt(client, unsent, language, progress)
    except (Fault, Misused) as error:
        if error.code not in _SIGN_ANEW:
            raise
    for part in unsent.uploads():
        unsent.keep_upload(part, None)
    return await _attempt(client, unsent, language, progress)


async def _attempt(client: Client, unsent: outbox.Unsent, language: Language, progress: Progress) -> Sent:
    wanted, content = _wanted_from(unsent.wanted, language), unsent.content
    permit, consents = _permitted(client, await _around(client, wanted), wanted, hold=unsent.hold)
    given = await _uploaded(client, unsent, progress)
    if isinstance(permit, Deny):
        return await _hold(client, wanted, content, given, consents)
    return await _share(client, wanted, content, given, permit.consents)


async def _uploaded(client: Client, unsent: outbox.Unsent, progress: Progress) -> dict[str, Any]:
    content = unsent.content
    inline = {HEADER: encode(content.header), BODY: encode(content.body)}
    uploads: dict[str, str] = {}
    total = sum(path.stat().st_size for path in content.files.values())
    sent = 0
    for part, path in content.files.items():
        size = path.stat().st_size
        if size <= INLINE_BYTES:
            inline[part] = encode(path.read_bytes())
        else:
            uploads[part] = await _upload(client, unsent, part, path, _from(progress, sent, total))
        sent += size
        progress(sent, total)
    return {"parts": inline, "uploads": uploads, "hold": False}


async def _upload(client: Client, unsent: outbox.Unsent, part: str, path: Path, progress: Progress) -> UploadId:
    begun = unsent.uploads().get(part)
    if begun is not None:
        try:
            await uploading.resume(client, begun, path, progress)
        except Denied:
            # Thrown away at the server after a day: begin anew.
            unsent.keep_upload(part, None)
        else:
            return begun
    created = await uploading.create(client, path)
    unsent.keep_upload(part, created)
    await uploading.resume(client, created, path, progress)
    return created


def _from(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _: progress(before + done, total)


def _wish(fingerprint: str) -> str:
    return f"send {fingerprint}"


def _purpose(share: ShareId) -> str:
    return f"share {share}"


def _sent(done: Submitted) -> Sent:
    said = done.said
    held = said["kind"] == HoldBody.kind
    return Sent(ShareId.parse(said["share"]), done.entry, tuple(said["consents"]), held=held)


def _fingerprint(wanted: Wanted, *, hold: bool) -> str:
    """Name a wish by all that was asked for; not by `after`, which a share that did arrive has changed."""
    files = [[one.category, one.name, file_digest(one.path)] for one in wanted.attachments]
    told = {
        **_wanted_to(wanted),
        "after": [],
        "message": wanted.message,
        "form": json.dumps(wanted.form, sort_keys=True, default=dict),
        "files": files,
        "hold": hold,
    }
    return hashlib.sha256(canonical(told)).hexdigest()


async def _share(
    client: Client, wanted: Wanted, content: Content, given: Mapping[str, Any], consents: Sequence[str]
) -> Sent:
    units = [to for to in wanted.to if isinstance(to, UnitId)] + ([] if wanted.unit is None else [wanted.unit])
    persons = [to for to in wanted.to if isinstance(to, PersonId)] + [client.person]
    directory = await client.directory(units=units, persons=persons, subjects=[wanted.subject])
    own = wanted.unit if wanted.unit is not None else client.person
    to_all = [(to, False) for to in wanted.to] + [(own, True)]
    publics = {to: _public(directory, to) for to, _ in to_all}
    draft = ManifestBody(
        share=content.share,
        subject=wanted.subject,
        matter=wanted.matter,
        unit=wanted.unit,
        epoch=None if wanted.unit is None else directory.epoch(wanted.unit).digest,
        conversation=wanted.conversation or ConversationId.of(secrets.token_bytes(16)),
        consents=tuple(sorted(consents)),
        urgency=wanted.urgency,
        after=wanted.after,
        parts=content.parts,
        content=content_digest(content.parts),
        header_commitment=commitment.commit(content.share, content.header_key),
        body_commitment=commitment.commit(content.share, content.body_key),
        recipients=(),
    )
    envelopes, recipients = [], []
    for to, is_own in to_all:
        header, body = _sealed(client, draft, content, publics[to])
        envelopes.append({"to": to, "own": is_own, "header": encode(header), "body": encode(body)})
        recipients.append(
            Recipient(
                to,
                key_id(publics[to]),
                is_own,
                hashlib.sha256(header).hexdigest(),
                hashlib.sha256(body).hexdigest(),
            )
        )
    body_of = {name: getattr(draft, name) for name in draft.__slots__}
    manifest = ManifestBody(**{**body_of, "recipients": tuple(recipients)})
    return _sent(
        await client.submit(
            "/v1/shares",
            manifest,
            purpose=_purpose(content.share),
            field="manifest",
            more={**given, "envelopes": envelopes},
        )
    )


def _sealed(client: Client, draft: ManifestBody, content: Content, public: bytes) -> tuple[bytes, bytes]:
    recipient = sealing.SealingPublicKey(public)
    sender = client.home.keyring.signing.kid
    sealed = []
    for use, key in ((HEADER, content.header_key), (BODY, content.body_key)):
        info = seal_info(use, log=client.policy.origin, recipient_key=key_id(public), sender_key=sender, manifest=draft)
        sealed.append(sealing.seal(key, recipient, info))
    return sealed[0], sealed[1]


async def _hold(
    client: Client, wanted: Wanted, content: Content, given: Mapping[str, Any], consents: Sequence[str]
) -> Sent:
    units = [] if wanted.unit is None else [wanted.unit]
    directory = await client.directory(units=units, persons=[client.person])
    public = _public(directory, wanted.unit if wanted.unit is not None else client.person)
    value = {
        "v": 1,
        "wanted": _wanted_to(wanted),
        "parts": [part.to_json() for part in content.parts],
        "header_key": encode(content.header_key),
        "body_key": encode(content.body_key),
    }
    sealed = sealing.seal(
        canonical(value), sealing.SealingPublicKey(public), _draft_info(client, content.share, key_id(public))
    )
    body = HoldBody(
        content.share,
        wanted.subject,
        wanted.matter,
        wanted.unit,
        tuple(sorted(consents)),
        tuple(sorted(wanted.to)),
        hashlib.sha256(sealed).hexdigest(),
        days(HOLD_DAYS),
    )
    more = {"draft": encode(sealed), "parts": given["parts"], "uploads": given["uploads"]}
    return _sent(await client.submit("/v1/holds", body, purpose=_purpose(content.share), field="hold", more=more))


async def _open_draft(client: Client, share: ShareId, unit: UnitId | None, sealed: bytes) -> Draft:
    if unit is None:
        keys = [client.home.keyring.sealing]
    else:
        directory = await client.directory(units=[unit])
        await load_seeds(client, directory, unit)
        numbers = client.home.keyring.unit_epochs(unit)
        keys = [client.home.keyring.unit_key(unit, number) for number in reversed(numbers)]
    for key in keys:
        try:
            value = parse(sealing.unseal(sealed, key, _draft_info(client, share, key_id(key.public.raw))))
        except sealing.CannotOpen:
            continue
        parts = tuple(Part.parse(part) for part in value["parts"])
        return Draft(value["wanted"], parts, decode(value["header_key"]), decode(value["body_key"]))
    raise Denied("not-a-member", "This draft was sealed to a mailbox key that you do not have.")


def _draft_info(client: Client, share: ShareId, recipient_key: str) -> bytes:
    return canonical(
        {"v": 1, "use": "draft", "log": client.policy.origin, "recipient_key": recipient_key, "share": share}
    )


def _wanted_to(wanted: Wanted) -> dict[str, Any]:
    return {
        "subject": wanted.subject,
        "matter": wanted.matter,
        "to": list(wanted.to),
        "title": wanted.title,
        "category": str(wanted.category),
        "categories": [str(category) for category in wanted.categories()],
        "unit": wanted.unit,
        "urgency": wanted.urgency,
        "conversation": wanted.conversation,
        "after": list(wanted.after),
    }


def _wanted_from(value: Mapping[str, Any], language: Language) -> Wanted:
    others = [Category(one) for one in value["categories"] if one != value["category"]]
    return Wanted(
        subject=SubjectId.parse(value["subject"]),
        matter=MatterId.parse(value["matter"]),
        to=tuple(UnitId.parse(one) if one.startswith(UnitId.prefix) else PersonId.parse(one) for one in value["to"]),
        title=value["title"],
        category=Category(value["category"]),
        unit=None if value["unit"] is None else UnitId.parse(value["unit"]),
        attachments=tuple(Attachment(Path(), str(one), "") for one in others),
        urgency=value["urgency"],
        conversation=None if value["conversation"] is None else ConversationId.parse(value["conversation"]),
        after=tuple(value["after"]),
        language=language,
    )


def _public(directory: Directory, to: PersonId | UnitId) -> bytes:
    return directory.epoch(to).body.seal if isinstance(to, UnitId) else directory.keys(to).seal


def _refusal(deny: Deny, language: Language) -> Denied:
    missing = tuple(f"{one.act}:{one.person}" for one in deny.missing)
    said = denied(deny.reason, language)
    return Denied(said.code, str(said), missing=missing, rule=deny.rule)
