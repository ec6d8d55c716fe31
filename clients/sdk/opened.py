"""A share that is open on this machine."""

from __future__ import annotations

from dataclasses import dataclass

from clients.sdk.content import Body, FileEntry
from clients.sdk.errors import Tampered
from protocol.identifiers import ShareId
from protocol.share import Verified
from protocol.statements.share import Part


@dataclass(frozen=True, slots=True)
class Opened:
    """What was verified and unsealed, and the receipt that says who opened it."""

    verified: Verified
    body: Body
    receipt: str

    @property
    def share(self) -> ShareId:
        """Which share it is."""
        return self.verified.manifest.body.share

    @property
    def entry(self) -> str:
        """The log entry of the opening: under it the ciphertexts are fetched."""
        return self.verified.opened.entry.id

    def part(self, entry: FileEntry) -> Part:
        """Return what the sender signed of a file that the body lists; raises `Tampered` if that is nothing."""
        for part in self.verified.manifest.body.parts:
            if part.part == entry.part:
                return part
        raise Tampered("wrong-content", "The body names a file that the sender did not sign for.")
