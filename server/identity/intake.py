"""How a signed statement comes in, of whatever package: read, verified, judged in the transaction, kept or refused.

Consent and documents take their statements through here too: `Intake.take` with an action that calls `accept`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVarTuple

from aiohttp import web

from keys import signing
from protocol.identity import TOLERANCE
from protocol.log.checkpoint import BadCheckpoint
from protocol.log.details import Decision, Details
from protocol.log.event import Event
from protocol.statements.base import B, Refused, Statement, claim, verify
from server.identity import store
from server.identity.publishing import receipts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

    from protocol.identifiers import Instant, PersonId
    from protocol.statements.base import Body
    from server.audit.batch import Work
    from server.audit.writer import Writer

Ts = TypeVarTuple("Ts")

_CACHED_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """The statement of this digest stands in the log at this index, now or since an earlier time."""

    digest: str
    leaf_index: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The statement was refused, and that is logged; `code` is stable, `why` is for people."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Receipted:
    """An accepted statement's digest, and the receipt of the entry that carries it."""

    digest: str
    receipt: str


class Intake:
    """Verifies statements before they queue and hands them to actions. Remembers keys and checkpoints, never rights."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._keys: dict[str, signing.PublicKey] = {}
        self._checked_note = lru_cache(maxsize=4096)(writer.log.key.open)

    async def read(self, token: str, person: PersonId, kinds: Mapping[str, type[Body]]) -> Statement[Any]:
        """Check all that needs no right to be known: spelling, kind, signer, signature, log, `seen`.

        Raises:
            Refused: `bad-statement`, `not-in-chain`, `not-entitled` or `bad-seen`.
        """
        said = claim(token)
        if said.kind not in kinds:
            raise Refused("not-in-chain", "this kind of statement is not taken here")
        if said.iss != person:
            raise Refused("not-entitled", "a statement is handed in by the person who signed it")
        key = await self.key(said.kid)
        if key is None:
            raise Refused("not-entitled", "nobody vouches for the key that signed this")
        statement = verify(token, kinds[said.kind], key, aud=self.writer.log.origin)
        self.check_seen(statement)
        return statement

    async def key(self, kid: str) -> signing.PublicKey | None:
        """Give the key of a thumbprint that somebody once vouched for."""
        if kid not in self._keys:
            found = await self.writer.database.read(store.key_of, kid)
            if found is None:
                return None
            if len(self._keys) >= _CACHED_AT_MOST:
                self._keys.clear()
            self._keys[kid] = found
        return self._keys[kid]

    def check_seen(self, statement: Statement[Any]) -> None:
        """Check that the checkpoint which the signer had seen is one of this log.

        Raises:
            Refused: `bad-seen`.
        """
        if statement.seen is not None:
            try:
                self._checked_note(statement.seen)
            except BadCheckpoint as error:
                raise Refused("bad-seen", "`seen` is not a checkpoint that this log signed") from error

    async def take(
        self,
        token: str,
        person: PersonId,
        kinds: Mapping[str, type[Body]],
        action: Callable[[Work, Statement[Any], *Ts], Accepted | Rejected],
        *args: *Ts,
    ) -> Receipted | Rejected:
        """Read a statement and run `action(work, statement, *args)` in the group commit; all refusals are logged."""
        try:
            statement = await self.read(token, person, kinds)
        except Refused as refusal:
            told = await self.writer.submit(refuse, person, _kind(token, kinds), _digest(token), refusal)
            return told.result
        return await self.submit(action, statement, *args)

    async def submit(self, action: Callable[[Work, *Ts], Accepted | Rejected], *args: *Ts) -> Receipted | Rejected:
        """Run an action that accepts or rejects, and add the receipt: a new one, or one for what stood there before."""
        outcome = await self.writer.submit(action, *args)
        if isinstance(outcome.result, Rejected):
            return outcome.result
        accepted = outcome.result
        receipt = (
            outcome.receipts[0] if outcome.receipts else (await receipts_of(self.writer, [accepted.leaf_index]))[0]
        )
        return Receipted(accepted.digest, receipt)


INTAKE: web.AppKey[Intake] = web.AppKey("intake", Intake)


def accept(
    work: Work, statement: Statement[B], rule: Callable[[Work, Statement[B], *Ts], int], *args: *Ts
) -> Accepted | Rejected:
    """Accept a verified statement once: `rule` raises `Refused` before it writes, or writes and gives the leaf index.

    The same statement again is accepted as the first time, and nothing happens twice.
    """
    known = store.find_statement(work.connection, statement.digest)
    if known is not None:
        return Accepted(known.digest, known.leaf_index)
    try:
        _require_now(statement.made, work.at)
        index = rule(work, statement, *args)
    except Refused as refusal:
        return refuse(work, statement.iss, statement.body.kind, statement.digest, refusal)
    store.keep_statement(work.connection, statement, index, work.at)
    return Accepted(statement.digest, index)


def refuse(work: Work, actor: PersonId, act: str, digest: str | None, refusal: Refused) -> Rejected:
    """Log a refusal; `digest` is None where the token has none."""
    work.append(
        Event.STATEMENT_REFUSED,
        Details(
            actor=actor,
            act=act,
            decision=Decision.DENY,
            reason=refusal.code,
            statements=() if digest is None else (digest,),
        ),
        actor,
    )
    return Rejected(refusal.code, str(refusal))


def require_key(connection: Connection, statement: Statement[Any], at: Instant) -> None:
    """Check that the signer's key was endorsed at `at`: for the unit that the body names, else as a person.

    Raises:
        Refused: `not-entitled`.
    """
    unit = getattr(statement.body, "unit", None)
    if store.signing_key(connection, statement.iss, statement.kid, at, unit) is None:
        raise Refused("not-entitled", "the signer was not entitled to say this")


def _require_now(made: Instant, at: Instant) -> None:
    if abs(made - at) > TOLERANCE:
        raise Refused("wrong-time", "the statement was not made now: check the clock")


def _kind(token: str, kinds: Mapping[str, type[Body]]) -> str:
    try:
        kind = claim(token).kind
    except Refused:
        return "statement"
    return kind if kind in kinds else "statement"


def _digest(token: str) -> str | None:
    try:
        return signing.digest(token)
    except signing.BadStatement:
        return None
