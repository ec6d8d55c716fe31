"""What independent witnesses say of the log: how fresh it is, and receipts that no single party could have made up."""

from __future__ import annotations

from dataclasses import dataclass

from clients.sdk.client import Client
from clients.sdk.errors import Denied
from clients.sdk.transport import clock
from protocol.log.checkpoint import BadCheckpoint, SignedCheckpoint, open_checkpoint
from protocol.log.receipt import BadReceipt
from protocol.log.receipt import Verified as Proved
from protocol.log.receipt import parse as parse_receipt
from protocol.log.receipt import verify as verify_receipt
from protocol.statements.base import Refused

_AHEAD_MS = 300_000
"""How far a witness's clock may be ahead of mine."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What the policy asks of witnesses, and the latest checkpoint that so many of them cosigned.

    `seconds` is the POSIX time by which the quorum vouched for `latest`; both are None where there is no such
    checkpoint. `fresh` says whether that is recent enough for the policy; without a quorum nothing is fresh.
    """

    names: tuple[str, ...]
    quorum: int
    latest: SignedCheckpoint | None
    seconds: int | None
    fresh: bool


async def witnessed(client: Client) -> Witnessed:
    """Fetch the latest checkpoint with the policy's quorum of cosignatures, and check that the log has only grown.

    Raises:
        Tampered: a signature is wrong, or the witnesses saw another log than I did; what convicts is kept.
    """
    policy = (await client.load_policy()).log
    names = tuple(sorted(text.split("+", 1)[0] for text in policy.witnesses))
    if policy.quorum == 0:
        return Witnessed(names, 0, None, None, fresh=False)
    try:
        note = await client.transport.get_text("/v1/log/cosigned", least=policy.quorum)
    except Denied as error:
        if error.code != "not-found":
            raise
        return Witnessed(names, policy.quorum, None, None, fresh=False)
    try:
        latest = open_checkpoint(note.encode(), policy)
    except BadCheckpoint as error:
        raise client.tampered(Refused("not-logged", str(error)), {"cosigned": note}) from error
    await client.saw(note)
    seconds = latest.witnessed(policy.quorum)
    if seconds is None:
        # Lines by witnesses whom the policy does not name: as good as none.
        return Witnessed(names, policy.quorum, None, None, fresh=False)
    age = clock() - seconds * 1000
    return Witnessed(names, policy.quorum, latest, seconds, fresh=-_AHEAD_MS <= age <= policy.fresh_for)


async def raise_receipts(client: Client, seen: Witnessed) -> tuple[int, int]:
    """Replace receipts that only the log signed by such as a quorum of witnesses vouches for.

    Give how many were replaced, and how many of the kept ones still wait for witnesses.

    Raises:
        BadReceipt: a kept receipt does not hold (any more): the file was changed.
        Tampered: the log proves something else at the witnessed checkpoint than it did in the receipt.
    """
    policy = (await client.load_policy()).log
    raised, waiting = 0, 0
    for path in client.home.receipts() if policy.quorum else ():
        before = verify_receipt(parse_receipt(path.read_text(encoding="utf-8")), policy)
        if before.level > 1:
            continue
        text = await _receipt(client, before, seen)
        if text is None:
            waiting += 1
            continue
        client.home.replace_receipt(path, await _same_but_higher(client, text, before))
        raised += 1
    return raised, waiting


async def _receipt(client: Client, before: Proved, seen: Witnessed) -> str | None:
    """Fetch the receipt of the same entry at what witnesses cosigned; None while there is none for me."""
    if seen.latest is None or before.index >= seen.latest.checkpoint.size:
        return None
    try:
        return await client.transport.get_text(f"/v1/log/receipts/{before.index}", witnesses=seen.quorum)
    except Denied as error:
        if error.code != "not-found":
            raise
        return None


async def _same_but_higher(client: Client, text: str, before: Proved) -> str:
    evidence = {"before": before.checkpoint.note.decode(), "receipt": text}
    try:
        proved = verify_receipt(parse_receipt(text), client.policy.log)
    except BadReceipt as error:
        raise client.tampered(Refused("not-logged", str(error)), evidence) from error
    same = (proved.entry, proved.index, proved.level) == (before.entry, before.index, 2)
    if not same:
        raise client.tampered(Refused("not-logged", "the log proves another entry than in my receipt"), evidence)
    await client.saw(proved.checkpoint.note.decode())
    return text
