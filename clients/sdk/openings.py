"""Who opened what under my consents: each opening proved by its reader's signature and the log's entry.

The server cannot invent one: the reader signed it, and the log took it in. It can leave one out; then it may never show
it later either, for what this home was shown once it must be shown again, and a supervisor's export has them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clients.sdk.client import Client
from clients.sdk.consents import Known
from clients.sdk.errors import Denied
from clients.sdk.home import read_json, write_json
from clients.sdk.transport import bad_answer
from keys.signing import peek
from protocol.consent.vocabulary import Category
from protocol.identifiers import Instant, PersonId, ShareId, UnitId
from protocol.identity import Directory, Logged, logged_list
from protocol.log.details import Decision
from protocol.reading import Malformed, optional
from protocol.statements.base import Refused, Statement, claim
from protocol.statements.share import ManifestBody, OpenBody

_FOLDER = "openings"


@dataclass(frozen=True, slots=True)
class Shared:
    """What was opened, as its sender signed it: by whom, for which unit, when, and which sorts of content."""

    by: PersonId
    unit: UnitId | None
    unit_name: str | None
    at: Instant
    categories: tuple[Category, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """One release of an envelope: in which act, by whom, for which unit, when, and of what.

    `act` is `receive` (the title was shown), `open` or `reopen`. `name` is what the unit's custodian vouches for, null
    for the family. `what` is null where the manifest names others that I may not know of.
    """

    act: str
    by: PersonId
    name: str | None
    unit: UnitId | None
    unit_name: str | None
    at: Instant
    share: ShareId
    what: Shared | None
    statement: str
    index: int


@dataclass(frozen=True, slots=True)
class _Told:
    """What the server lists under one consent, not yet believed; each newest first."""

    known: Known
    openings: tuple[Logged, ...]
    manifests: tuple[Logged, ...]


async def openings(client: Client, some: Iterable[Known]) -> dict[str, tuple[Opening, ...]]:
    """Return what was received and opened under each of these consents, by the consent's digest, newest first.

    Raises:
        Tampered: something is not signed by its reader, is not in the log, belongs elsewhere, or was shown before and
            is not shown any more.
    """
    told = [await _fetch(client, known) for known in some]
    tokens = [logged.token for each in told for logged in (*each.openings, *each.manifests)]
    if not tokens:
        return {each.known.digest: () for each in told}
    units = {unit for token in tokens if (unit := _unit(token)) is not None}
    directory = await client.directory(units=units, persons={claim(token).iss for token in tokens})
    try:
        found = {each.known.digest: _believed(directory, each) for each in told}
    except Refused as error:
        shown = [logged.to_json() for each in told for logged in each.openings]
        raise client.tampered(error, {"openings": shown}) from error
    await client.require_one_log(directory)
    for consent, seen in found.items():
        _remember(client, consent, seen)
    return found


async def _fetch(client: Client, known: Known) -> _Told:
    path = f"/v1/consents/{known.terms.id}/openings"
    opened: list[Logged] = []
    manifests: list[Logged] = []
    try:
        async for page in client.transport.each_page(path, "openings", "manifests"):
            opened += logged_list(page["openings"])
            manifests += logged_list(page["manifests"])
    except Denied:
        return _Told(known, (), ())
    except Malformed as error:
        raise bad_answer(path) from error
    return _Told(known, tuple(opened), tuple(manifests))


def _believed(directory: Directory, told: _Told) -> tuple[Opening, ...]:
    shared = {}
    for logged in {each.token: each for each in told.manifests}.values():
        manifest, t = directory.signed_by_person(logged, ManifestBody)
        categories = tuple(map(Category, manifest.body.categories()))
        shared[manifest.digest] = Shared(
            manifest.iss, manifest.body.unit, _unit_name(directory, manifest.body.unit), t, categories
        )
    found = [_opening(directory, told.known, logged, shared) for logged in told.openings]
    if len({each.statement for each in found}) != len(found):
        raise Refused("wrong-receipt", "an opening is listed twice")
    return tuple(sorted(found, key=lambda each: -each.index))


def _opening(directory: Directory, known: Known, logged: Logged, shared: Mapping[str, Shared]) -> Opening:
    statement, t = directory.signed_by_person(logged, OpenBody)
    entry, body, terms = directory.ledger.entry(logged), statement.body, known.terms
    details = entry.details
    about = (details.decision, details.act, details.share, details.subject, details.matter, details.for_unit)
    if about != (Decision.PERMIT, body.act, body.share, terms.subject, terms.matter, body.unit):
        raise Refused("wrong-receipt", "the log's entry is of another opening")
    if known.digest not in details.consents:
        raise Refused("other-consent", "what was opened was not opened under this consent")
    return Opening(
        body.act,
        statement.iss,
        _name(directory, statement),
        body.unit,
        _unit_name(directory, body.unit),
        t,
        body.share,
        next((shared[each] for each in details.statements if each in shared), None),
        statement.digest,
        entry.index,
    )


def _name(directory: Directory, statement: Statement[OpenBody]) -> str | None:
    """Return the name that a unit's custodian vouches for."""
    names = [each.name for each in directory.endorsements(statement.iss) if each.unit == statement.body.unit]
    return next((name for name in names if name is not None), None)


def _unit_name(directory: Directory, unit: UnitId | None) -> str | None:
    return next((each.name for each in directory.units() if each.unit == unit), None)


def _remember(client: Client, consent: str, found: Sequence[Opening]) -> None:
    """Keep which openings I was shown; one that is gone from a list that is not empty convicts.

    An empty list says nothing: whoever may no longer see the log of a consent is given none.
    """
    path = client.home.folder / _FOLDER / f"{consent}.json"
    with client.home.alone():
        before = set(read_json(path).get("statements", ()))
        now = {each.statement for each in found}
        gone = before - now
        if gone and now:
            why = Refused("opening-missing", "the server leaves out an opening that it has shown before")
            raise client.tampered(why, {"consent": consent, "missing": sorted(gone)})
        if now - before:
            write_json(path, {"v": 1, "statements": sorted(before | now)})


def _unit(token: str) -> UnitId | None:
    # Read before it is believed, only to know whose keys to fetch.
    return optional(UnitId.parse)(peek(token).body.get("unit"))
