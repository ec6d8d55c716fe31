"""Finding the consent that somebody means, and the words that several commands say about consents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from clients.cli.reading import child as find_child
from clients.cli.session import Session
from clients.sdk import consents
from clients.sdk.client import Client
from clients.sdk.consents import Known
from clients.sdk.errors import Misused
from protocol.consent.age import wall_clock
from protocol.identifiers import Instant

ChildOption = Annotated[str | None, typer.Option("--child", help="The child (sub_…); not needed if you have one only.")]
ConsentArgument = Annotated[str, typer.Argument(help="The consent: its digest, or enough of its beginning.")]

_ROLES = {
    "signs": ("signerer", "signs"),
    "is-heard": ("blir hørt", "is heard"),
    "is-informed": ("blir informert", "is informed"),
    "may-object": ("kan motsette seg", "may object"),
}


async def find(client: Client, consent: str, child: str | None) -> Known:
    """Return the one consent around a child that fits; raises `Misused`."""
    return fitting(await consents.listed(client, await find_child(client, child)), consent)


def fitting(found: Sequence[Known], consent: str) -> Known:
    """Return the one consent that fits a digest, the beginning of one, or the id in its terms; raises `Misused`."""
    some = [known for known in found if known.digest.startswith(consent) or known.terms.id == consent]
    if len(some) != 1:
        raise Misused(
            "unclear-consent",
            f"{consent!r} fits {len(some)} consents; `fortrolig consent list` shows them.",
            given=consent,
            count=len(some),
        )
    return some[0]


def role(session: Session, act: str) -> str:
    """Say what somebody does by their role."""
    return session.say(*_ROLES[act])


def day(at: Instant) -> str:
    """Write the day of an instant as the wall clock shows it, Europe/Oslo."""
    return f"{wall_clock(at):%d.%m.%Y}"
