"""What goes with a released envelope: every statement that the reader must believe, proved against one checkpoint."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from keys.signing import peek
from protocol.bundle import Bundle, Renewal
from protocol.evidence import ConsentRecord
from protocol.identifiers import UnitId
from protocol.identity import Logged
from protocol.log import receipt
from protocol.log.merkle import consistency_path
from protocol.statements.base import claim
from protocol.statements.narrowing import WRITTEN_DOWN
from protocol.statements.share import BODY, HEADER
from server.audit import store as log_store
from server.consent import cases, shields
from server.consent import store as consent_store
from server.consent.hearing import counted
from server.documents.opening import RECEIVE
from server.documents.store import shares
from server.identity import store as identity
from server.identity.store import subjects

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from protocol.identifiers import MatterId, PersonId, SubjectId
    from protocol.log.receipt import Disclosure
    from server.audit.log import Log
    from server.audit.writer import Writer
    from server.documents.opening import Released

Row = tuple[str, int]
"""A token and the index of the leaf that published it."""


class Around(NamedTuple):
    """What decides which statements are needed: many shares of one inbox have the same."""

    sender: PersonId
    sending_unit: UnitId | None
    epoch: str | None
    reader: PersonId
    reading_unit: UnitId | None
    subject: SubjectId
    matter: MatterId
    consents: tuple[str, ...]


class Needed(NamedTuple):
    """The statements around one share, as rows."""

    chain: tuple[Row, ...]
    renewal: tuple[Row, int, tuple[bytes, ...]] | None
    consents: tuple[tuple[Row, tuple[Row, ...]], ...]
    hearings: tuple[Row, ...]
    facts: tuple[Row, ...]
    shields: tuple[Row, ...]

    def rows(self) -> Iterable[Row]:
        """Yield all of them."""
        yield from self.chain
        if self.renewal is not None:
            yield self.renewal[0]
        for request, words in self.consents:
            yield request
            yield from words
        yield from self.hearings
        yield from self.facts
        yield from self.shields


class _Gathered(NamedTuple):
    needed: dict[Around, Needed]
    content: list[dict[str, bytes]]
    disclosed: dict[int, Disclosure]


async def build(writer: Writer, released: Sequence[Released]) -> list[Bundle]:
    """Give the bundle of each released envelope; all receipts in all of them are against one checkpoint."""
    if not released:
        return []
    gathered = await writer.database.read(_gather, writer.log, released)
    newest = max(max(gathered.disclosed) + 1, *(max(_seen(gathered, each)) for each in released))
    if newest > writer.log.head.size:
        # Read between another process's commit and the moment when this one takes it in.
        await writer.refresh()
    return _bundles(writer.log, gathered, released)


def _gather(connection: Connection, log: Log, released: Sequence[Released]) -> _Gathered:
    needed: dict[Around, Needed] = {}
    content = []
    for each in released:
        around = _around(each)
        if around not in needed:
            needed[around] = _needed(connection, around)
        small = shares.small_parts(connection, each.mailed.sent.share)
        content.append(
            {name: data for name, data in small.items() if name == HEADER or each.statement.body.act != RECEIVE}
        )
    indexes = {index for each in needed.values() for _, index in each.rows()}
    indexes |= {index for each in released for index in (each.leaf_index, each.mailed.sent.leaf_index)}
    return _Gathered(needed, content, dict(log.disclose(connection, log_store.stored_some(connection, indexes))))


def _needed(connection: Connection, around: Around) -> Needed:
    found = consent_store.consents(connection, around.consents)
    said = consent_store.words(connection, around.consents)
    terms = [each.terms for each in found]
    heard = counted(connection, consent_store.hearings(connection, [around.matter]), terms)
    noted = counted(connection, consent_store.facts_in(connection, [around.matter]), terms)
    digests = [each.statement for each in found] + [each.statement for each in said]
    shielded = shields.deciding(connection, around.subject, around.matter)
    digests += [each.statement for each in heard] + [each.statement for each in noted]
    digests += [each.statement for each in shielded]
    renewed = subjects.renewed(connection, around.subject)
    if renewed is not None:
        digests.append(renewed.renewal)
    rows = {each.digest: (each.token, each.leaf_index) for each in identity.find_statements(connection, digests)}
    persons = {around.sender, around.reader, *(claim(token).iss for token, _ in rows.values())}
    named = {unit for each in terms for unit in cases.units_of(each)}
    named |= {each.unit for each in noted}.union(*(each.units for each in shielded))
    named |= {UnitId.parse(peek(rows[each.statement][0]).body["unit"]) for each in said if each.kind in WRITTEN_DOWN}
    named |= {unit for unit in (around.sending_unit, around.reading_unit) if unit is not None}
    chain = identity.statement_tokens(
        connection,
        persons=persons,
        units=named,
        subjects=[around.subject],
        named_epochs=[] if around.epoch is None else [around.epoch],
    )
    return Needed(
        tuple(chain),
        None if renewed is None else (rows[renewed.renewal], renewed.position, renewed.proof),
        tuple(
            (
                rows[each.statement],
                tuple(rows[word.statement] for word in said if word.consent == each.terms.digest),
            )
            for each in found
        ),
        tuple(rows[each.statement] for each in heard),
        tuple(rows[each.statement] for each in noted),
        tuple(rows[each.statement] for each in shielded),
    )


def _bundles(log: Log, gathered: _Gathered, released: Sequence[Released]) -> list[Bundle]:
    indexes = sorted(gathered.disclosed)
    written = log.receipts([(index, gathered.disclosed[index]) for index in indexes])
    receipts = dict(zip(indexes, written, strict=True))
    size = _size(receipt.parse(written[0]).checkpoint.decode())
    proofs: dict[int, tuple[bytes, ...]] = {}

    def consistency(seen: set[int]) -> dict[int, tuple[bytes, ...]]:
        sizes = sorted(seen - {0, size})
        for old in sizes:
            if old not in proofs:
                proofs[old] = tuple(consistency_path(old, size, log.tree.node))
        return {old: proofs[old] for old in sizes}

    def logged(row: Row) -> Logged:
        return Logged(row[0], receipts[row[1]])

    bundles = []
    for each, content in zip(released, gathered.content, strict=True):
        needed, sent = gathered.needed[_around(each)], each.mailed.sent
        renewals = []
        if needed.renewal is not None:
            row, position, proof = needed.renewal
            renewals.append(Renewal(logged(row), position, proof))
        bundles.append(
            Bundle(
                statements=tuple(map(logged, needed.chain)),
                renewals=tuple(renewals),
                consents=tuple(
                    ConsentRecord(logged(request), tuple(map(logged, words))) for request, words in needed.consents
                ),
                hearings=tuple(map(logged, needed.hearings)),
                facts=tuple(map(logged, needed.facts)),
                shields=tuple(map(logged, needed.shields)),
                manifest=logged((sent.token, sent.leaf_index)),
                open=logged((each.statement.token, each.leaf_index)),
                envelope=each.envelope,
                header=content[HEADER],
                body=content.get(BODY),
                consistency=consistency(_seen(gathered, each)),
            )
        )
    return bundles


def _seen(gathered: _Gathered, released: Released) -> set[int]:
    """Give the sizes that the log had for the signers of everything in one bundle, 0 for those who had seen none."""
    tokens = [token for token, _ in gathered.needed[_around(released)].rows()]
    return {_size(released.statement.seen), *map(_seen_by, [released.mailed.sent.token, *tokens])}


def _around(released: Released) -> Around:
    body, sent = released.mailed.sent.body, released.mailed.sent
    opening = released.statement
    return Around(
        sent.sender,
        body.unit,
        body.epoch,
        opening.iss,
        opening.body.unit,
        body.subject,
        body.matter,
        body.consents,
    )


@lru_cache(maxsize=16_384)
def _seen_by(token: str) -> int:
    return _size(peek(token).body.get("seen"))


def _size(note: str | None) -> int:
    # Of a checkpoint that was checked when it came in.
    return 0 if note is None else int(note.split("\n", 2)[1])
