"""From what came with an envelope to its key. `protocol.share.verify` stands before every unsealing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from clients.sdk.client import Client
from clients.sdk.content import open_part
from clients.sdk.errors import Denied, Tampered
from clients.sdk.items import Item
from clients.sdk.mailboxes import reading_key
from clients.sdk.transport import clock
from clients.sdk.why import keep
from keys import commitment, sealing, streaming
from protocol import share
from protocol.bundle import Bundle
from protocol.consent.vocabulary import Language
from protocol.identity import Logged
from protocol.reading import Malformed
from protocol.share import NotPermitted, Verified
from protocol.statements.base import Refused
from protocol.texts import sentence


@dataclass(frozen=True, slots=True)
class Released:
    """What came for a statement that I signed, as it came and parsed. Nothing of it is believed."""

    given: Any
    bundle: Bundle

    @property
    def receipt(self) -> str:
        """The receipt of my statement."""
        return self.bundle.open.receipt


def released(client: Client, token: str, given: Any) -> Released:
    """Parse what came for a statement; raises `Tampered`."""
    try:
        bundle = Bundle.parse(given)
    except (Refused, Malformed) as error:
        raise client.tampered(error, {"bundle": given}) from error
    # Our own token, whatever came: the receipt must be of the statement that we signed.
    return Released(given, replace(bundle, open=Logged(token, bundle.open.receipt)))


async def verified(client: Client, item: Item, came: Released, language: Language) -> Verified:
    """Judge everything that came with an envelope.

    Raises:
        Denied: all of it holds, but no consent permits it now.
        Tampered: something does not hold; what convicts is kept.
    """
    policy = await client.load_policy()
    try:
        judged = share.verify(came.bundle, policy, client.home.pins, clock())
    except NotPermitted as error:
        raise Denied(error.code, why(error.code, str(error), language)) from error
    except (Refused, Malformed) as error:
        raise client.tampered(error, {"bundle": came.given}) from error
    if judged.manifest.body.share != item.share:
        wrong = Refused("wrong-share", "another share came than was asked for")
        raise client.tampered(wrong, {"bundle": came.given})
    keep(client.home.folder, item.share, came.bundle)
    return judged


async def unsealed(client: Client, item: Item, judged: Verified, expected: str) -> bytes:
    """Unseal the content key of a verified envelope, and check it against the commitment of the manifest.

    Raises:
        Tampered: it is not the key that the sender committed to.
    """
    if item.reading_unit is None:
        key = client.home.keyring.sealing
    else:
        key = await reading_key(client, judged.directory, item.reading_unit, judged.recipient.key)
    try:
        secret = sealing.unseal(judged.envelope, key, judged.info)
        commitment.check(expected, item.share, secret)
    except (sealing.CannotOpen, commitment.WrongContentKey, ValueError) as error:
        raise client.tampered(Refused("wrong-key", f"the envelope does not open: {error}"), {}) from error
    return secret


def decrypted(judged: Verified, part: str, key: bytes, ciphertext: bytes) -> Any:
    """Decrypt a small part that came with the envelope; raises `Tampered`."""
    try:
        return open_part(judged.manifest.body.share, part, key, ciphertext)
    except (streaming.BadCiphertext, ValueError, RecursionError) as error:
        raise Tampered("wrong-content", f"The {part} does not open: {error}") from error


def not_understood() -> Tampered:
    """Return the error for sealed content that is not of its form."""
    return Tampered("not-understood", "What the sender sealed is not of the documented form; ask for it anew.")


def why(code: str, otherwise: str, language: Language) -> str:
    """Say in plain words why something was refused."""
    try:
        return sentence(code, language)
    except LookupError:
        return otherwise
