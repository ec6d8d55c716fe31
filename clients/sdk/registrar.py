"""The registrar's own: the root key, the policy it signs, and renewing what was rechecked (DESIGN §3, §10)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from clients.sdk.client import Client, days
from clients.sdk.errors import Incomplete, Misused, Tampered
from clients.sdk.home import Home, Profile
from clients.sdk.policy import last_published
from clients.sdk.transport import clock
from keys import signing
from keys.encoding import decode
from keys.keyring import Cost
from protocol.consent.acceptance import following
from protocol.consent.ruleset import current_rules
from protocol.identifiers import PersonId
from protocol.identity import Logged, Policy
from protocol.log.checkpoint import DAY_MS, BadCheckpoint, LogPolicy
from protocol.log.note import BadNote, Verifier
from protocol.statements import base
from protocol.statements.identity import KeySet, PolicyBody, Registrar

ROOT_SECRET = "root key"  # noqa: S105  (the name under which the keyring keeps it)
POLICY_DAYS = 365


def begin(folder: Path, passphrase: str, server: str, *, cost: Cost | None = None) -> Home:
    """Make a registrar's home with the root key beside the registrar's own keys; an interrupted start is gone on with.

    Raises:
        Misused: the folder is somebody's already.
    """
    home = Home.begin(folder, passphrase, cost=cost)
    if ROOT_SECRET not in home.keyring.secret_names():
        home.keyring.add_secret(ROOT_SECRET, signing.generate().to_bytes())
    root = _root_key(home)
    home.save_profile(Profile(PersonId.of(secrets.token_bytes(16)), server.rstrip("/"), root.public.thumbprint))
    return home


def fingerprint(home: Home) -> str:
    """Return the root's fingerprint as people compare it: 64 hex digits."""
    return decode(home.profile.root).hex()


@dataclass(frozen=True, slots=True)
class Witnessing:
    """Verifier key texts of the witnesses that a policy names, of which `quorum` must cosign.

    `fresh_for` is how old their word may be, in milliseconds.
    """

    witnesses: tuple[str, ...]
    quorum: int
    fresh_for: int = DAY_MS

    @classmethod
    def most_of(cls, witnesses: Sequence[str], quorum: int | None = None, fresh_for: int = DAY_MS) -> Self:
        """Ask for more than half of them, unless told how many."""
        most = len(witnesses) // 2 + 1 if quorum is None and witnesses else quorum or 0
        return cls(tuple(witnesses), most, fresh_for)

    @classmethod
    def of(cls, policy: PolicyBody | None) -> Self:
        """Return what a policy asks; nobody, where there is none yet."""
        return cls((), 0) if policy is None else cls(policy.witnesses, policy.quorum, policy.fresh_for)


@dataclass(frozen=True, slots=True)
class Colleagues:
    """Who becomes a registrar beside me, of those I vouch for as persons, and who is one no longer."""

    joining: tuple[PersonId, ...] = ()
    leaving: tuple[PersonId, ...] = ()


NO_CHANGE = Colleagues()


async def publish(
    client: Client,
    log: str,
    *,
    recorded: bool | None = None,
    witnessing: Witnessing | None = None,
    colleagues: Colleagues = NO_CHANGE,
) -> Policy:
    """Sign the policy with the root key, log key in it, and publish it; the next number if there is one already.

    `log` is the verifier key text that `server init` printed. The rules that this program holds are accepted for terms
    made from now; those that the last policy accepted stay accepted for terms made before. `recorded` says whether
    signatures count that professionals wrote down for others: as the last policy did, if not given, at first not.
    `witnessing` names the witnesses: as the last policy did, if not given, at first none. The registrars are I and the
    last policy's, as `colleagues` changes them.

    Raises:
        Misused: I do not hold the root key, or `log` is none (`bad-log-key`), or a witness's key is none, or as many
            as the quorum are not there (`bad-witness`).
        Incomplete: this home does not keep the last policy, so that its rules would be lost.
    """
    root = _root_key(client.home)
    try:
        origin = Verifier.parse(log).name
    except BadNote as error:
        raise Misused("bad-log-key", f"This is not the log key that `server init` printed: {error}") from error
    number = await _next_number(client)
    before = last_published(client.home.folder, root.public, origin)
    if number != (1 if before is None else before.number + 1):
        raise Incomplete(
            "no-last-policy", "This home does not keep the last policy; publish where it was published, or fetch it."
        )
    if witnessing is None:
        witnessing = Witnessing.of(before)
    try:
        LogPolicy(origin, log, witnessing.witnesses, witnessing.quorum, witnessing.fresh_for)
    except BadCheckpoint as error:
        raise Misused("bad-witness", f"These are not witnesses' keys of which so many can sign: {error}.") from error
    others = await _others(client, () if before is None else before.registrars, colleagues)
    keys = client.home.keyring
    body = PolicyBody(
        number=number,
        not_after=days(POLICY_DAYS),
        server=client.profile.server,
        log=log,
        witnesses=witnessing.witnesses,
        quorum=witnessing.quorum,
        fresh_for=witnessing.fresh_for,
        registrars=(Registrar(client.person, KeySet(keys.signing.public, keys.sealing.public.raw)), *others),
        rules=following(() if before is None else before.rules, current_rules().digest, clock()),
        recorded=(before is not None and before.recorded) if recorded is None else recorded,
    )
    token = base.sign(body, root, iss=client.person, aud=origin, made=clock(), seen=client.home.seen)
    answer = await client.transport.post("/v1/policy", {"root": root.public.jwk, "token": token}, public=True)
    client.forget_policy()
    policy = await client.load_policy()
    await client.check_receipt(Logged(token, str(answer["receipt"])))
    return policy


async def _others(client: Client, before: Sequence[Registrar], colleagues: Colleagues) -> tuple[Registrar, ...]:
    changed = {client.person, *colleagues.joining, *colleagues.leaving}
    kept = tuple(each for each in before if each.person not in changed)
    if not colleagues.joining:
        return kept
    directory = await client.directory(persons=colleagues.joining)
    return (*kept, *(Registrar(each, directory.keys(each)) for each in sorted(set(colleagues.joining))))


async def _next_number(client: Client) -> int:
    """Return the number after the policy in force: whose answer was lost, finds it published and goes on from it."""
    try:
        policy = await client.load_policy()
    except Incomplete:
        return 1
    except Tampered as error:
        if error.code != "ended" or "policy" not in client.home.pins.known:
            raise
        return client.home.pins.known["policy"].number + 1
    return policy.statement.body.number + 1


def _root_key(home: Home) -> signing.SigningKey:
    if ROOT_SECRET not in home.keyring.secret_names():
        raise Misused("no-root-key", "This keyring does not hold the root key; only the root publishes policies.")
    return signing.SigningKey.from_bytes(home.keyring.secret(ROOT_SECRET))
