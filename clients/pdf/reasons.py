"""Why a file is refused: a stable code, and a sentence for a parent that says what to do next."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

Language = Literal["nb", "en"]


class Reason(StrEnum):
    """A refusal. The values are stable: programs and tests rely on them."""

    NOT_A_PDF = "not-a-pdf"
    PASSWORD_NEEDED = "password-needed"  # noqa: S105  (a code, no password)
    CUT_OFF = "cut-off"
    DAMAGED = "damaged"
    UNPACKS_TOO_LARGE = "unpacks-too-large"
    TOO_COMPLEX = "too-complex"
    TOO_MANY_PAGES = "too-many-pages"
    TOO_LARGE = "too-large"
    TOOK_TOO_LONG = "took-too-long"
    LIVING_FORM = "living-form"
    IMAGE_DAMAGED = "image-damaged"
    IMAGE_TOO_LARGE = "image-too-large"
    EMPTY = "empty"
    OFFICE_DOCUMENT = "office-document"
    HEIC_PHOTO = "heic-photo"
    KIND_NOT_TAKEN = "kind-not-taken"
    TEXT_NOT_READABLE = "text-not-readable"
    CLEANER_FAILED = "cleaner-failed"


SENTENCES: Final[dict[Reason, dict[Language, str]]] = {
    Reason.NOT_A_PDF: {
        "nb": "Filen er ikke en PDF, selv om navnet kanskje sier det. Lagre eller skriv den ut som PDF og prøv igjen.",
        "en": "The file is not a PDF, though its name may say so. Save or print it as a PDF and try again.",
    },
    Reason.PASSWORD_NEEDED: {
        "nb": "Filen er låst med passord. Åpne den, lagre en kopi uten passord, og send kopien.",
        "en": "The file is locked with a password. Open it, save a copy without the password, and send the copy.",
    },
    Reason.CUT_OFF: {
        "nb": "Slutten av filen mangler, så nedlastingen kan ha stoppet underveis. Hent filen på nytt og prøv igjen.",
        "en": "The end of the file is missing; the download may have stopped. Fetch the file again and retry.",
    },
    Reason.DAMAGED: {
        "nb": "Filen er skadet, og sider kan være tapt. Be om en ny.",
        "en": "The file is damaged, and pages of it may be lost. Ask its author for a new one.",
    },
    Reason.UNPACKS_TOO_LARGE: {
        "nb": "Filen blir uvanlig stor når den pakkes ut, slik skadelige filer gjør. Skriv den ut som ny PDF.",
        "en": "The file unpacks to an unusual size, as harmful files do. Print it as a new PDF and try again.",
    },
    Reason.TOO_COMPLEX: {
        "nb": "Filen er for sammensatt til at den kan kontrolleres. Skriv den ut som ny PDF, gjerne i flere deler.",
        "en": "The file is too complex to be checked. Print it as a new PDF, in several parts if need be.",
    },
    Reason.TOO_MANY_PAGES: {
        "nb": "Filen har for mange sider. Del den opp og send bare det som mottakeren trenger.",
        "en": "The file has too many pages. Split it and send only what the receiver needs.",
    },
    Reason.TOO_LARGE: {
        "nb": "Filen er for stor. Del den opp, eller skann den med lavere oppløsning.",
        "en": "The file is too large. Split it, or scan it at a lower resolution.",
    },
    Reason.TOOK_TOO_LONG: {
        "nb": "Det tok for lang tid å kontrollere filen. Skriv den ut som ny PDF, gjerne i flere deler.",
        "en": "Checking the file took too long. Print it as a new PDF, in several parts if need be.",
    },
    Reason.LIVING_FORM: {
        "nb": "Skjemaet vises bare i ett bestemt program. Åpne det der, skriv det ut som PDF, og send den.",
        "en": "This form shows its content in one program only. Open it there, print it as a PDF, and send that.",
    },
    Reason.IMAGE_DAMAGED: {
        "nb": "Bildet er skadet. Ta det på nytt og prøv igjen.",
        "en": "The picture is damaged. Take it again and retry.",
    },
    Reason.IMAGE_TOO_LARGE: {
        "nb": "Bildet har for mange piksler. Ta det på nytt med lavere oppløsning, ett bilde per side.",
        "en": "The picture has too many pixels. Take it again at a lower resolution, one picture for each page.",
    },
    Reason.EMPTY: {
        "nb": "Filen er tom. Hent den på nytt og prøv igjen.",
        "en": "The file is empty. Fetch it again and retry.",
    },
    Reason.OFFICE_DOCUMENT: {
        "nb": "Kontordokumenter og zip-filer kan ikke sendes. Åpne dokumentet, lagre det som PDF, og send PDF-en.",
        "en": "Office documents and zip files cannot be sent. Open the document, save it as a PDF, and send that.",
    },
    Reason.HEIC_PHOTO: {
        "nb": "Bildet er i formatet HEIC, som ikke alle kan åpne. Velg JPEG i kameraet, eller del bildet som JPEG.",
        "en": "The picture is in the HEIC format, which not everybody can open. Choose JPEG, or share it as JPEG.",
    },
    Reason.KIND_NOT_TAKEN: {
        "nb": "Denne filtypen kan ikke sendes. Bruk PDF, JPEG, PNG eller ren tekst.",
        "en": "This kind of file cannot be sent. Use PDF, JPEG, PNG or plain text.",
    },
    Reason.TEXT_NOT_READABLE: {
        "nb": "Teksten er ikke lagret som UTF-8 og kan bli uleselig. Lagre den på nytt som UTF-8 eller som PDF.",
        "en": "The text is not saved as UTF-8 and may become unreadable. Save it again as UTF-8 or as a PDF.",
    },
    Reason.CLEANER_FAILED: {
        "nb": "Filkontrollen virker ikke på denne maskinen, så filen er ikke sendt. Be om hjelp der du fikk den.",
        "en": "The file check does not work on this machine, so the file was not sent. Ask whoever runs it for help.",
    },
}


class UnsafeFile(ValueError):
    """The file is refused; nothing of it was kept.

    Attributes:
        reason: why. `code` is its stable text, `sentence` says it to a parent.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(SENTENCES[reason]["en"])
        self.reason: Final = reason

    @property
    def code(self) -> str:
        """The stable code."""
        return self.reason.value

    def sentence(self, language: Language = "nb") -> str:
        """What is wrong and what to do next, in bokmål or English."""
        return SENTENCES[self.reason][language]


class UnsafePdf(UnsafeFile):
    """No safe PDF can be made of these bytes."""
