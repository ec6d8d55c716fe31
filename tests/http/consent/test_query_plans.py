"""However many consents there are, whatever is asked about one of them is found by an index."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from protocol.consent.terms import Terms
from protocol.identifiers import Instant
from server.audit.wiring import DATABASE
from server.consent import cases, listing, notices, shields
from server.database.sqlite import SqliteDatabase
from server.documents import openings
from tests.http.consent.support import Town
from tests.http.consent.test_cases import opening, share

Question = Callable[[Connection, Town, Terms, Instant], object]

QUESTIONS: dict[str, Question] = {
    "a decision on a share": lambda connection, town, terms, at: cases.load(connection, share(town, terms), at),
    "a decision on an opening": lambda connection, town, terms, at: cases.load(
        connection, opening(town, terms, at), at
    ),
    "my consents": lambda connection, town, _, at: listing.listed(connection, town.mother.person, None, None, -1, at),
    "my consents on a child": lambda connection, town, _, at: listing.listed(
        connection, town.mother.person, town.child.subject, None, -1, at
    ),
    "my consents in a matter": lambda connection, town, terms, at: listing.listed(
        connection, town.mother.person, None, terms.matter, -1, at
    ),
    "a unit's consents": lambda connection, town, _, at: listing.listed(
        connection, town.doctor.person, None, None, -1, at
    ),
    "one consent": lambda connection, town, terms, at: listing.named(connection, town.mother.person, terms.id, at),
    "who opened what": lambda connection, town, terms, at: openings.under_consent(
        connection, town.mother.person, terms.id, openings.first_page(None), at
    ),
    "my notices": lambda connection, town, _, at: notices.notices(connection, town.mother.person, -1, at),
    "a unit's notices": lambda connection, town, _, at: notices.notices(connection, town.doctor.person, -1, at),
    "what is hidden around a child": lambda connection, town, _, at: shields.concerned(
        connection, town.mother.person, town.child.subject, at
    ),
}

ONE_ROW = ("SCAN CONSTANT ROW", "SCAN (subquery-", "SCAN policies")
"""What SQLite also calls a scan: an empty list, and the last policy, from the end of its table."""


def plan(connection: Connection, question: Question, town: Town, terms: Terms) -> list[str]:
    """Give how SQLite goes about every statement that a question takes."""
    driver = connection.connection.driver_connection
    assert driver is not None
    asked: list[str] = []
    driver.set_trace_callback(asked.append)
    question(connection, town, terms, town.world.clock.now)
    driver.set_trace_callback(None)
    return [row[3] for each in asked for row in driver.execute(f"EXPLAIN QUERY PLAN {each}")]


async def steps(town: Town, name: str) -> list[str]:
    terms = await town.in_force()
    database = town.world.client.app[DATABASE]
    if not isinstance(database, SqliteDatabase):
        pytest.skip("these are SQLite's plans")
    return await database.read(plan, QUESTIONS[name], town, terms)


@pytest.mark.parametrize("name", QUESTIONS)
async def test_no_table_is_read_through(town: Town, name: str) -> None:
    taken = await steps(town, name)
    assert [each for each in taken if each.startswith("SCAN") and not each.startswith(ONE_ROW)] == []
    assert any(each.startswith("SEARCH") for each in taken)


async def test_a_page_of_consents_is_found_by_its_family(town: Town) -> None:
    wanted = "SEARCH consents USING INDEX consents_by_subject (subject=? AND leaf_index>?)"
    assert wanted in await steps(town, "my consents")


async def test_whether_somebody_is_staff_is_found_by_the_person_however_many_work_there(town: Town) -> None:
    wanted = "SEARCH endorsements USING INDEX endorsements_by_holder (holder=? AND unit=?)"
    assert wanted in await steps(town, "a decision on a share")
