"""Sharing and opening with real keys: seal, sign, send, read back, verify as a client does, unseal."""

from __future__ import annotations

import hashlib
import io
import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from keys import commitment, sealing, streaming
from keys.encoding import encode
from protocol import share as procedure
from protocol.bundle import Bundle
from protocol.consent.terms import Terms
from protocol.identifiers import ConversationId, PersonId, ShareId, UnitId
from protocol.identity import Logged
from protocol.log import receipt
from protocol.pins import Pins
from protocol.share import Verified, part_data, seal_info
from protocol.statements.share import HoldBody, ManifestBody, OpenBody, Part, Recipient, content_digest
from tests.http.consent.support import Town, new_statement
from tests.kit.actor import Actor, Reply
from tests.kit.world import Unit, World, done

Holder = Unit | Actor


def new_share() -> ShareId:
    return ShareId.of(secrets.token_bytes(16))


def new_conversation() -> ConversationId:
    return ConversationId.of(secrets.token_bytes(16))


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def id_of(holder: Holder) -> PersonId | UnitId:
    return holder.unit if isinstance(holder, Unit) else holder.person


def key_of(holder: Holder) -> sealing.SealingKey:
    return holder.key if isinstance(holder, Unit) else holder.seal


def seen_by(world: World) -> str | None:
    """The newest checkpoint, as a signer's client has verified it; None before the first entry."""
    return world.log.head.checkpoint if world.log.head.size else None


@dataclass
class Parcel:
    """A share in all its pieces, to send as it is or to tamper with."""

    body: ManifestBody
    parts: dict[str, bytes]
    envelopes: list[dict[str, Any]]
    header_key: bytes = field(repr=False)
    body_key: bytes = field(repr=False)
    uploads: dict[str, str] = field(default_factory=dict)
    hold: bool = False

    def form(self, token: str) -> dict[str, Any]:
        return {
            "manifest": token,
            "parts": {} if self.hold else {name: encode(data) for name, data in self.parts.items()},
            "uploads": self.uploads,
            "envelopes": self.envelopes,
            "hold": self.hold,
        }

    def envelope(self, holder: Holder, *, own: bool = False) -> Recipient:
        [found] = [each for each in self.body.recipients if (each.to, each.own) == (id_of(holder), own)]
        return found


@dataclass
class Office:
    """The town's post: packs, sends, opens, verifies."""

    town: Town

    @property
    def world(self) -> World:
        return self.town.world

    async def epoch(self, unit: Unit) -> str:
        """The digest of the unit's latest epoch, as its members know it."""
        answer = done(await self.world.get(unit.custodian, f"/v1/units/{unit.unit}"))
        directory = await self.world.believe(answer.body["statements"])
        return directory.epoch(unit.unit).digest

    async def pack(
        self,
        terms: Terms | list[Terms],
        *,
        sender: Actor | None = None,
        unit: Unit | None = None,
        to: list[Holder] | None = None,
        body: bytes = b'{"message":"Hei"}',
        category: str = "message",
        files: dict[str, bytes] | None = None,
        keys: dict[PersonId | UnitId, sealing.SealingKey] | None = None,
        **changed: Any,
    ) -> Parcel:
        """Encrypt and seal a share from the GP to BUP, unless told otherwise."""
        sender, unit = (self.town.doctor, self.town.gp) if sender is None else (sender, unit)
        to = [self.town.bup] if to is None else to
        named = terms if isinstance(terms, list) else [terms]
        share = changed.pop("share", None) or new_share()
        header_key, body_key = secrets.token_bytes(32), secrets.token_bytes(32)
        parts = {"header": _encrypted(share, "header", header_key, b'{"title":"Brev"}')}
        parts["body"] = _encrypted(share, "body", body_key, body)
        parts |= files or {}
        listed = [
            Part(name, None if name == "header" else category, len(data), digest(data)) for name, data in parts.items()
        ]
        told: dict[str, Any] = {
            "share": share,
            "subject": named[0].subject,
            "matter": named[0].matter,
            "unit": None if unit is None else unit.unit,
            "epoch": None if unit is None else await self.epoch(unit),
            "conversation": new_conversation(),
            "consents": tuple(sorted(each.digest for each in named)),
            "urgency": "routine",
            "after": (),
            "parts": tuple(listed),
            "content": content_digest(tuple(listed)),
            "header_commitment": commitment.commit(share, header_key),
            "body_commitment": commitment.commit(share, body_key),
            "recipients": (),
        }
        draft = ManifestBody(**(told | changed))
        holders: list[tuple[Holder, bool]] = [*((each, False) for each in to), (unit or sender, True)]
        envelopes, recipients = [], []
        for holder, own in holders:
            key = (keys or {}).get(id_of(holder), key_of(holder)).public
            sealed = []
            for use, secret in (("header", header_key), ("body", body_key)):
                info = seal_info(
                    use,
                    log=self.world.origin,
                    recipient_key=digest(key.raw),
                    sender_key=sender.sign.kid,
                    manifest=draft,
                )
                sealed.append(sealing.seal(secret, key, info))
            envelopes.append({"to": id_of(holder), "own": own, "header": encode(sealed[0]), "body": encode(sealed[1])})
            recipients.append(Recipient(id_of(holder), digest(key.raw), own, digest(sealed[0]), digest(sealed[1])))
        return Parcel(replace(draft, recipients=tuple(recipients)), parts, envelopes, header_key, body_key)

    async def send(self, parcel: Parcel, sender: Actor | None = None, **said: Any) -> Reply:
        """Sign the manifest and hand everything in."""
        actor = sender or self.town.doctor
        token = self.world.say(actor, parcel.body, **({"seen": seen_by(self.world)} | said))
        return await self.world.post(actor, "/v1/shares", parcel.form(token))

    async def sent(self, terms: Terms | list[Terms], sender: Actor | None = None, **packed: Any) -> Parcel:
        """Pack and send what must be accepted."""
        parcel = await self.pack(terms, sender=sender, **packed)
        done(await self.send(parcel, sender))
        return parcel

    def opening(
        self,
        actor: Actor,
        parcel: Parcel,
        act: str,
        unit: Unit | None,
        *,
        said: dict[str, Any] | None = None,
        **changed: Any,
    ) -> str:
        """Sign the statement that asks for an envelope."""
        recipient = parcel.envelope(unit or actor, own=act == "own") if "envelope" not in changed else None
        told: dict[str, Any] = {
            "id": new_statement(),
            "share": parcel.body.share,
            "envelope": None if recipient is None else (recipient.header if act == "receive" else recipient.body),
            "act": act,
            "unit": None if unit is None else unit.unit,
        }
        body = OpenBody(**(told | changed))
        return self.world.say(actor, body, **({"seen": seen_by(self.world)} | (said or {})))

    async def ask_open(self, actor: Actor, parcel: Parcel, token: str) -> Reply:
        return await self.world.post(actor, f"/v1/shares/{parcel.body.share}/open", {"statement": token})

    async def open(self, actor: Actor, parcel: Parcel, unit: Unit | None = None, act: str = "open") -> Reply:
        return await self.ask_open(actor, parcel, self.opening(actor, parcel, act, unit))

    async def receive(self, actor: Actor, tokens: list[str]) -> list[Any]:
        results: list[Any] = done(await self.world.post(actor, "/v1/receive", {"statements": tokens})).body["results"]
        return results

    async def verify(self, told: Any, token: str) -> Verified:
        """Judge a bundle as the reader's client does, with the reader's own token."""
        bundle = Bundle.parse(told)
        bundle = replace(bundle, open=Logged(token, bundle.open.receipt))
        return procedure.verify(bundle, await self.world.policy(), Pins(), self.world.clock.now)

    async def read(
        self, actor: Actor, parcel: Parcel, unit: Unit | None = None, act: str = "open"
    ) -> tuple[bytes, Verified]:
        """Open, verify, unseal and decrypt: give the plaintext of the body."""
        token = self.opening(actor, parcel, act, unit)
        verified = await self.verify(done(await self.ask_open(actor, parcel, token)).body["bundle"], token)
        assert verified.body is not None
        return self.plain(verified, unit or actor, "body", verified.body), verified

    def plain(self, verified: Verified, holder: Holder, part: str, ciphertext: bytes) -> bytes:
        """Unseal the content key, check that it is the one committed to, and decrypt."""
        manifest = verified.manifest.body
        secret = sealing.unseal(verified.envelope, key_of(holder), verified.info)
        expected = manifest.header_commitment if part == "header" else manifest.body_commitment
        commitment.check(expected, manifest.share, secret)
        sink = io.BytesIO()
        streaming.decrypt(io.BytesIO(ciphertext), sink, secret, part_data(manifest.share, part))
        return sink.getvalue()

    def hold_body(self, terms: Terms, sealed: bytes, unit: Unit | None, **changed: Any) -> HoldBody:
        told: dict[str, Any] = {
            "share": new_share(),
            "subject": terms.subject,
            "matter": terms.matter,
            "unit": None if unit is None else unit.unit,
            "consents": (terms.digest,),
            "to": (self.town.bup.unit,),
            "draft": digest(sealed),
            "not_after": self.world.at(30 * 86_400_000),
        }
        return HoldBody(**(told | changed))


def entry_of(answer: Reply) -> str:
    """The id of the entry whose receipt came with a bundle."""
    opened, _ = receipt.Disclosure.parse(receipt.parse(answer.body["bundle"]["open"]["receipt"]).extra or b"").open()
    return opened.id


def _encrypted(share: ShareId, part: str, key: bytes, plain: bytes) -> bytes:
    sink = io.BytesIO()
    streaming.encrypt(io.BytesIO(plain), sink, key, part_data(share, part))
    return sink.getvalue()
