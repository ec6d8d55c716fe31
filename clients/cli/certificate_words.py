"""What a certificate says, in bokmål or English: composed from what it proves, so that it can be set anew."""

from __future__ import annotations

from collections.abc import Mapping

from clients.cli.states import STATES
from clients.pdf.certificate import Section, Sheet, print_certificate
from clients.sdk.certificates import Certificate, Proven, Word
from protocol.consent.age import wall_clock
from protocol.consent.narrowing import Less
from protocol.consent.state import State
from protocol.consent.terms import Role
from protocol.consent.vocabulary import Kind, Language
from protocol.identifiers import Instant
from protocol.log.event import Event
from protocol.texts import texts

_EVENTS: Mapping[Event, tuple[str, str]] = {
    Event.CONSENT_SIGNED: ("Signerte", "Signed"),
    Event.CONSENT_REFUSED: ("Sa nei", "Said no"),
    Event.CONSENT_OBJECTED: ("Motsatte seg", "Objected"),
    Event.CONSENT_WITHDRAWN: ("Trakk alt tilbake", "Withdrew all of it"),
    Event.CONSENT_NARROWED: ("Trakk en del tilbake", "Withdrew a part"),
}
_DISPUTED = ("Bestred det som var skrevet ned", "Disputed what was written down")
_INVALID = ("Erklærte det ugyldig fra begynnelsen", "Declared it void from the beginning")
_KINDS: Mapping[Kind, tuple[str, str]] = {
    Kind.CARE: ("helsehjelp", "care"),
    Kind.DISCLOSURE: ("deling av opplysninger", "disclosure"),
    Kind.PARTICIPATION: ("deltakelse", "participation"),
}
_ROLES: Mapping[str, tuple[str, str]] = {
    "signs": ("signerer", "signs"),
    "is-heard": ("blir hørt", "is heard"),
    "is-informed": ("blir informert", "is informed"),
    "may-object": ("kan motsette seg", "may object"),
}


def printed(made: Certificate, proven: Proven) -> bytes:
    """Set a certificate into pages; the same certificate gives the same bytes."""
    return print_certificate(sheet(made, proven))


def state_words(state: State, language: Language) -> str:
    """Say a state in plain words."""
    return _of(language, *STATES[state])


def sheet(made: Certificate, proven: Proven) -> Sheet:
    """Compose what is printed of a certificate."""
    language, terms = made.language, made.terms
    day = _moment(made.at)
    state = state_words(made.state, language)
    return Sheet(
        language=_of(language, "nb-NO", "en-GB"),
        title=_of(language, "Bekreftelse på samtykke", "Certificate of consent"),
        state=_of(language, f"Per {day}: {state}.", f"At {day}: {state}.") + _but(proven, language),
        sections=(
            Section(
                _of(language, "Hva det er sagt ja til", "What was agreed to"),
                tuple(part for part in terms.text.body.split("\n\n") if part.strip()),
            ),
            Section(
                _of(language, "Tid", "Time"),
                rows=(
                    (_of(language, "Spurt om", "Asked for"), _moment(terms.made)),
                    (_of(language, "Kan deles til", "Shared until"), _moment(terms.share_until)),
                    (_of(language, "Kan leses til", "Read until"), _moment(terms.read_until)),
                ),
            ),
            Section(
                _of(language, "Hvem som har sagt hva", "Who said what"),
                (_how(language),),
                tuple(_word(word, language) for word in proven.words),
            ),
            Section(
                _of(language, "Hvem loven nevner", "Whom the law names"),
                rows=tuple(_role(role, language) for role in terms.roles),
            ),
            Section(
                _of(language, "Kjennemerker", "Identification"),
                rows=(
                    (_of(language, "Samtykke til", "Consent to"), _of(language, *_KINDS[terms.kind])),
                    (_of(language, "Vilkårenes avtrykk", "Digest of the terms"), terms.digest),
                    (_of(language, "Regelverkets avtrykk", "Digest of the rules"), terms.rules),
                    (_of(language, "Barnet", "The child"), terms.subject),
                    (_of(language, "Saken", "The matter"), terms.matter),
                    (_of(language, "Hendelser i loggen", "Entries in the log"), str(proven.size)),
                ),
            ),
        ),
        code_section=Section(_of(language, "Kontroll uten nett", "Checking without the net"), (_check(language),)),
        codes=tuple(made.codes()),
        footer=_of(language, f"Samtykke {terms.digest[:16]}, {day}", f"Consent {terms.digest[:16]}, {day}"),
        page_of=_of(language, "Side {page} av {pages}", "Page {page} of {pages}"),
        mark="SYNTETISK" if made.synthetic else None,
    )


def _but(proven: Proven, language: Language) -> str:
    if all(word.less is None for word in proven.words):
        return ""
    return _of(language, " En del er trukket tilbake, se under.", " A part was withdrawn, see below.")


def _word(word: Word, language: Language) -> tuple[str, str]:
    what = _of(language, *(_INVALID if word.invalidates else _DISPUTED if word.disputes else _EVENTS[word.event]))
    how = _of(language, "med egen nøkkel", "with their own key")
    if word.written_down_at is not None:
        how = _of(language, f"skrevet ned ved {word.written_down_at}", f"written down at {word.written_down_at}")
    told = [f"{what} {how}: {word.person}"]
    if word.less is not None:
        told.append(_of(language, "Ikke lenger: ", "No longer: ") + _gone(word.less, language))
    return _moment(word.at), "\n".join([*told, word.statement])


def _gone(less: Less, language: Language) -> str:
    categories = texts(language)["consent"]["categories"]
    gone = [*less.receivers, *(str(categories[each]) for each in less.categories)]
    ends = [end for end in (less.share_until, less.read_until) if end is not None]
    if ends:
        gone.append(_of(language, f"alt etter {_moment(min(ends))}", f"everything after {_moment(min(ends))}"))
    return ", ".join(gone)


def _role(role: Role, language: Language) -> tuple[str, str]:
    return _of(language, *_ROLES[role.act]), f"{role.person}  ({role.rule})"


def _how(language: Language) -> str:
    return _of(
        language,
        "Hvert ord er bevist av loggens kvittering, som ligger i kodene til slutt. Under står underskriftens avtrykk.",
        "Each word is proved by the log's receipt, which is in the codes at the end. Below it stands its digest.",
    )


def _check(language: Language) -> str:
    return _of(
        language,
        (
            "Les alle kodene og gi teksten til: fortrolig consent verify. Fungerer også med selve PDF-filen. "
            "Kontrollen viser at loggen har ordene over, og at vilkårene ikke er endret. Den viser ikke hva som er "
            "sagt senere: et samtykke kan være trukket etter dette tidspunktet."
        ),
        (
            "Scan all the codes and give their text to: fortrolig consent verify. It also takes the PDF file itself. "
            "The check shows that the log holds the words above and that the terms were not changed. It does not show "
            "what was said later: a consent can have been withdrawn since."
        ),
    )


def _moment(at: Instant) -> str:
    return f"{wall_clock(at):%d.%m.%Y %H:%M}"


def _of(language: Language, nb: str, en: str) -> str:
    return nb if language is Language.BOKMAL else en
