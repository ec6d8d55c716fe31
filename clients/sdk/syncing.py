"""Bringing the sheets of a registrar's children up to what the register says: looked at first, signed after a yes.

A changed sheet is signed anew. All unchanged ones are prolonged together by one `renewal`: a Merkle root over their
digests, which the server can prove for each (DESIGN §3).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from clients.sdk import subjects
from clients.sdk.client import Client, days
from clients.sdk.errors import Denied, Incomplete, Misused
from clients.sdk.recheck import Finding, Found, Rechecked, recheck
from clients.sdk.register import Entry, Register
from clients.sdk.transport import clock
from protocol.identifiers import PersonId
from protocol.identity import Directory
from protocol.log.merkle import leaf_hash, root
from protocol.statements.identity import RenewalBody, SheetBody

OLDEST = 7
"""Days after which an extract of the register is too old to sign anything by."""
_PINNED = "renewal "
_TOGETHER = 2_000
"""How many sheets one renewal takes."""


@dataclass(frozen=True, slots=True)
class Child:
    """One child of the extract: what was found, and the latest sheet with its digest; null where there is none."""

    rechecked: Rechecked
    sheet: SheetBody | None
    digest: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be signed: new sheets, one renewal of the rest, and nothing for whoever must be looked into."""

    children: tuple[Child, ...]

    @property
    def changed(self) -> tuple[Child, ...]:
        """Those who get a new sheet."""
        return tuple(each for each in self.children if each.rechecked.body is not None)

    @property
    def unchanged(self) -> tuple[Child, ...]:
        """Those whose sheets are prolonged as they are."""
        return tuple(each for each in self.children if each.rechecked.body is None and not each.rechecked.stopped)

    @property
    def stopped(self) -> tuple[Child, ...]:
        """Those for whom nothing is signed until somebody has looked into it."""
        return tuple(each for each in self.children if each.rechecked.stopped)


@dataclass(frozen=True, slots=True)
class Done:
    """What was signed: so many new sheets, and so many prolonged."""

    signed: int
    prolonged: int


async def plan(client: Client, register: Register, admitted: Collection[PersonId] = ()) -> Plan:
    """Compare every child of an extract with its sheet; nothing is signed.

    Raises:
        Misused: `register-too-old`, or `register-ahead` of this machine's clock.
    """
    now = clock()
    if register.as_of > days(1, now):
        raise Misused("register-ahead", "The extract is from the future: check this machine's clock.")
    if days(OLDEST, register.as_of) < now:
        raise Misused("register-too-old", f"The extract is older than {OLDEST} days. Fetch a new one.", days=OLDEST)
    return Plan(tuple([await _child(client, register, entry, admitted) for entry in register.entries]))


async def carry_out(client: Client, planned: Plan) -> Done:
    """Sign what was planned: the new sheets one by one, then one renewal of the rest; the same again does no harm.

    Raises:
        Incomplete: a child's card was never sealed to me, so that it cannot be sealed to whoever is let in.
        Denied: a sheet has changed since it was looked at, or I am no registrar.
    """
    for each in planned.changed:
        await _sign(client, each)
    for start in range(0, len(planned.unchanged), _TOGETHER):
        await _renew(client, planned.unchanged[start : start + _TOGETHER])
    return Done(len(planned.changed), len(planned.unchanged))


async def _child(client: Client, register: Register, entry: Entry, admitted: Collection[PersonId]) -> Child:
    try:
        directory = await client.directory(subjects=[entry.subject])
    except Denied as error:
        if error.code != "not-found":
            raise
        return Child(Rechecked(entry.subject, (Found(Finding.UNKNOWN_HERE),)), None, "")
    sheet = directory.sheet(entry.subject)
    index = subjects.blind_index(client, entry.national_id)
    return Child(recheck(entry, register, sheet.body, index, admitted, clock()), sheet.body, sheet.digest)


async def _sign(client: Client, child: Child) -> None:
    """Sign the next sheet, and seal the child's card to everybody on it."""
    wanted = child.rechecked.body
    assert wanted is not None  # noqa: S101  (`changed` has asked)
    body = replace(wanted, number=wanted.number + 1, not_after=days(subjects.SHEET_DAYS))
    known = await subjects.card(client, body.subject)
    if known is None:
        raise Incomplete("no-card", "The child's card is not here: sign where the child was registered.")
    now = clock()
    concerned = sorted({each.person for each in body.may_know if each.holds(now)} | {client.person})
    directory: Directory = await client.directory(persons=concerned)
    cards = [subjects.seal_card(client, known, each, directory) for each in concerned]
    purpose = f"sheet {body.subject} {body.number}"
    await client.submit("/v1/statements", body, purpose=purpose, more={"cards": cards})


async def _renew(client: Client, children: Sequence[Child]) -> None:
    """Sign one renewal of sheets that were rechecked as unchanged, and pin it as everybody will."""
    digests = [each.digest for each in children]
    number = 1 + max(
        (pin.number for name, pin in client.home.pins.known.items() if name.startswith(_PINNED)), default=0
    )
    hashes = [leaf_hash(bytes.fromhex(each)) for each in digests]
    body = RenewalBody(number=number, not_after=days(subjects.SHEET_DAYS), size=len(digests), root=root(hashes).hex())
    await client.submit("/v1/statements", body, more={"sheets": digests})
    await client.directory(subjects=[children[0].rechecked.subject])
