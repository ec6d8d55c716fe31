"""Somebody else answers an invitation, and a custodian tries to be a mother."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from clients.sdk import consents, enrolment, sending
from clients.sdk.client import Client, days, new_statement_id
from clients.sdk.errors import SdkError, Tampered
from clients.sdk.transport import Transport
from keys import mac, sealing, signing
from protocol.identifiers import InvitationId, PersonId
from protocol.statements import base
from protocol.statements.consent import SignatureBody
from protocol.statements.enrolment import InvitationBody, enrolment_fields
from protocol.statements.identity import EndorsementBody, KeySet
from server.identity import people
from tests.attacks.conftest import Watch
from tests.attacks.forging import logged
from tests.attacks.town import CHEAP, PASSPHRASE, Town


async def test_two_enrolments_with_one_secret_alarm_and_nobody_is_endorsed(town: Town, tmp_path: Path) -> None:
    inviter = await town.client("registrar")
    slip = await enrolment.invite(inviter, "person")
    for name in ("newcomer", "thief"):
        await enrolment.enrol(tmp_path / name, PASSPHRASE, slip, cost=CHEAP)
    [invited] = [one for one in await enrolment.invitations(inviter) if one.invitation.id == slip.invitation]
    before = town.events()
    with pytest.raises(Tampered) as refused:
        await enrolment.endorse(inviter, invited)
    assert refused.value.code == "two-answers"
    assert town.events() == before
    async with Client.at(tmp_path / "thief", PASSPHRASE) as thief:
        with pytest.raises(SdkError) as denied:
            await thief.transport.get("/v1/me")
    assert denied.value.code == "sign-in-refused"


async def test_an_answer_without_the_secret_counts_for_nothing(town: Town, tmp_path: Path) -> None:
    inviter = await town.client("registrar")
    slip = await enrolment.invite(inviter, "person")
    guessed = enrolment.Slip(slip.server, slip.invitation, secrets.token_bytes(16), slip.root)
    await enrolment.enrol(tmp_path / "thief", PASSPHRASE, guessed, cost=CHEAP)
    [invited] = [one for one in await enrolment.invitations(inviter) if one.invitation.id == slip.invitation]
    assert not invited.authentic
    with pytest.raises(SdkError) as refused:
        await enrolment.endorse(inviter, invited)
    assert refused.value.code == "no-answer"


async def test_an_answer_after_the_endorsement_is_refused_and_raises_an_alarm_in_the_log(
    town: Town, tmp_path: Path
) -> None:
    inviter = await town.client("registrar")
    slip = await enrolment.invite(inviter, "person")
    await enrolment.enrol(tmp_path / "newcomer", PASSPHRASE, slip, cost=CHEAP)
    [invited] = [one for one in await enrolment.invitations(inviter) if one.invitation.id == slip.invitation]
    await enrolment.endorse(inviter, invited)
    with pytest.raises(SdkError) as over:
        await enrolment.enrol(tmp_path / "thief", PASSPHRASE, slip, cost=CHEAP)
    assert over.value.code == "invitation-over"
    keys = KeySet(signing.generate().public, sealing.generate().public.raw)
    async with Transport(town.url) as transport:
        with pytest.raises(SdkError) as refused:
            await transport.post(
                f"/v1/invitations/{slip.invitation}/answers", {"keys": keys.to_json(), "mac": "0" * 64}, public=True
            )
    assert refused.value.code == "invitation-used"
    assert town.last_refusal() == ("alarm-raised", "invitation-used")


async def test_a_slip_is_worth_nothing_at_a_server_with_another_root(town: Town, tmp_path: Path) -> None:
    slip = await enrolment.invite(await town.client("registrar"), "person")
    other = enrolment.Slip(slip.server, slip.invitation, slip.secret, signing.generate().kid)
    with pytest.raises(Tampered) as refused:
        await enrolment.enrol(tmp_path / "newcomer", PASSPHRASE, other, cost=CHEAP)
    assert refused.value.code == "wrong-root"
    posted = [one.path for one in town.operator.recorded if one.method == "POST"]
    assert f"/v1/invitations/{slip.invitation}/answers" not in posted


class Impostor:
    """A custodian who enrols the mother's id as own staff, with keys of the custodian's own making."""

    def __init__(self, town: Town, custodian: Client) -> None:
        self.town = town
        self.custodian = custodian
        self.sign = signing.generate()
        self.keys = KeySet(self.sign.public, sealing.generate().public.raw)
        self.invitation = InvitationBody(
            InvitationId.of(secrets.token_bytes(16)),
            town.person("mother"),
            "staff",
            town.unit("clinic"),
            "Solveig",
            days(10),
        )

    async def enrol(self) -> EndorsementBody:
        """Invite, answer, and write the endorsement that is handed in next."""
        await self.custodian.submit("/v1/invitations", self.invitation)
        policy = self.custodian.policy
        fields = enrolment_fields(
            self.invitation,
            server=self.town.url,
            log=policy.origin,
            root=policy.fingerprint,
            inviter=self.custodian.home.keyring.signing.kid,
            keys=self.keys,
        )
        told = {"keys": self.keys.to_json(), "mac": mac.authenticate(fields, mac.generate()).hex()}
        path = f"/v1/invitations/{self.invitation.id}/answers"
        await self.custodian.transport.post(path, told, public=True)
        return self.endorsement()

    def endorsement(self) -> EndorsementBody:
        return EndorsementBody(
            number=1,
            not_after=days(80),
            invitation=self.invitation.id,
            server=self.town.url,
            root=self.custodian.policy.fingerprint,
            inviter=self.custodian.home.keyring.signing.kid,
            holder=self.invitation.holder,
            unit=self.invitation.unit,
            role="staff",
            name=self.invitation.name,
            keys=self.keys,
        )


@pytest.fixture
async def impostor(town: Town) -> Impostor:
    return Impostor(town, await town.client("clinic-custodian"))


async def test_a_custodian_who_endorses_a_mothers_id_as_staff_is_refused_and_logged(
    town: Town, impostor: Impostor
) -> None:
    body = await impostor.enrol()
    with pytest.raises(SdkError) as refused:
        await impostor.custodian.submit("/v1/statements", body)
    assert refused.value.code == "holder-taken"
    assert town.last_refusal() == ("statement-refused", "holder-taken")


async def test_with_the_operators_help_the_mothers_own_key_is_still_the_one_sealed_to(
    town: Town, impostor: Impostor, monkeypatch: pytest.MonkeyPatch
) -> None:
    mother: PersonId = town.person("mother")
    doctor = await town.client("doctor")
    own = (await doctor.directory(persons=[mother])).keys(mother)
    monkeypatch.setattr(people, "_is_anothers", lambda *_: False)
    await impostor.custodian.submit("/v1/statements", await impostor.enrol())
    directory = await doctor.directory(persons=[mother])
    assert directory.keys(mother) == own
    assert directory.keys(mother, town.unit("clinic")) == impostor.keys


async def test_a_custodians_signature_is_never_a_mothers(
    town: Town, impostor: Impostor, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    mother, doctor = await town.client("mother"), await town.client("doctor")
    known = (await consents.listed(mother, town.subject))[0]
    body = SignatureBody(
        new_statement_id(), known.digest, known.terms.subject, known.terms.matter, known.terms.text.version, "nb"
    )
    said = await mother.sign(body)
    monkeypatch.setattr(people, "_is_anothers", lambda *_: False)
    await impostor.custodian.submit("/v1/statements", await impostor.enrol())
    statement = signing.peek(said).body
    forged = base.sign(
        body, impostor.sign, iss=mother.person, aud=doctor.policy.origin, made=statement["made"], seen=None
    )

    def change(told: dict[str, list[dict[str, list[dict[str, str]]]]]) -> object:
        for one in told["consents"]:
            mine = [each for each in one["statements"] if signing.peek(each["token"]).body["iss"] != mother.person]
            one["statements"] = [*mine, logged(town, forged)]
        return told

    town.operator.change("GET", "/v1/consents", change)
    with pytest.raises(Tampered) as refused:
        await sending.send(doctor, town.wanted())
    assert refused.value.code == "not-entitled"
    assert watch.sealed == []
