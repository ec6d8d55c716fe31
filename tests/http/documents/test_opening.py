from __future__ import annotations

from tests.http.consent.support import Town
from tests.http.documents.support import Office
from tests.kit.world import done


async def test_what_was_shared_is_opened_verified_and_read(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    plain, verified = await office.read(town.psychologist, parcel, town.bup)
    assert plain == b'{"message":"Hei"}'
    assert verified.permit is not None
    assert verified.permit.consents == parcel.body.consents


async def test_the_inbox_lists_what_came_and_headers_are_received_one_by_one(town: Town, office: Office) -> None:
    terms = await town.in_force()
    first, second = await office.sent(terms), await office.sent(terms)
    items = done(await town.world.get(town.psychologist, "/v1/inbox")).body["items"]
    assert [(item["share"], item["received"], item["opened"]) for item in items] == [
        (second.body.share, False, False),
        (first.body.share, False, False),
    ]
    tokens = [office.opening(town.psychologist, parcel, "receive", town.bup) for parcel in (first, second)]
    results = await office.receive(town.psychologist, tokens)
    for parcel, token, result in zip((first, second), tokens, results, strict=True):
        assert result["share"] == parcel.body.share
        verified = await office.verify(result["bundle"], token)
        assert verified.body is None
        assert office.plain(verified, town.bup, "header", verified.header) == b'{"title":"Brev"}'
    items = done(await town.world.get(town.psychologist, "/v1/inbox")).body["items"]
    assert [(item["received"], item["opened"]) for item in items] == [(True, False), (True, False)]
