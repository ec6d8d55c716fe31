"""`fortrolig rules`: the law as this program holds it. Needs no home, no server and no passphrase."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from itertools import product
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from clients.cli.reading import not_a_word, word
from clients.cli.session import Session, command
from clients.sdk.errors import Misused
from clients.sdk.transport import clock
from protocol.consent.age import BANDS, OSLO, instant_of, wall_clock
from protocol.consent.applicable import Applicable, Turn, applicable
from protocol.consent.case import parse_date
from protocol.consent.in_place import InPlace
from protocol.consent.ruleset import Informed, MayObject, Rule, RuleSet, Signs, When, current_rules
from protocol.consent.vocabulary import Circumstance, Language, Purpose, Regime
from protocol.consent.wording import Footing
from protocol.identifiers import Instant

_TABLE_WIDTH = 130
"""Columns of a terminal below which a table of seven columns would break words."""

app = typer.Typer(help="Show and explain the rules of law that consents are judged by; works offline.")

Words = tuple[str, str]
"""A phrase in bokmål and in English."""


class Side(StrEnum):
    """Where a sender or receiver stands, as far as the rules ask."""

    HEALTH = "health"
    OUTSIDE = "outside"
    FAMILY = "family"

    @property
    def regime(self) -> Regime | None:
        """A regime that stands for the side; the rules tell health from the rest only."""
        return {Side.HEALTH: Regime.HEALTH, Side.OUTSIDE: Regime.OTHER, Side.FAMILY: None}[self]


_WHEN: dict[When, Words] = {
    When.ALWAYS: ("alltid", "always"),
    When.SENDER_OUTSIDE_HEALTH: ("avsenderen er utenfor helsetjenesten", "the sender is outside health"),
    When.SENDER_NOT_OUTSIDE_HEALTH: ("avsenderen er helsetjenesten eller familien", "the sender is health or family"),
    When.PARTY_OUTSIDE_HEALTH: ("en av partene er utenfor helsetjenesten", "a party is outside health"),
    When.NO_PARTY_OUTSIDE_HEALTH: ("bare helsetjenesten og familien", "health and family only"),
}
_CIRCUMSTANCES: dict[Circumstance, Words] = {
    Circumstance.SHIELDED: ("skjermet for foreldrene", "withheld from the parents"),
    Circumstance.WITHOUT_CAPACITY: ("kan ikke samtykke", "cannot consent"),
}
_SIGNS: dict[Signs, Words] = {
    Signs.ALL_GUARDIANS: ("alle med foreldreansvar", "everyone with parental responsibility"),
    Signs.GUARDIANS_AND_YOUTH: (
        "alle med foreldreansvar, og ungdommen",
        "everyone with parental responsibility, and the youth",
    ),
    Signs.ONE_GUARDIAN: ("én med foreldreansvar", "one person with parental responsibility"),
    Signs.YOUTH: ("personen selv, alene", "the young or adult person, alone"),
    Signs.REPRESENTATIVE: (
        "en representant som er oppnevnt for personlige forhold",
        "a representative who is appointed for personal matters",
    ),
    Signs.SENDING_GUARDIAN: ("den med foreldreansvar som sender", "the one with parental responsibility who sends"),
    Signs.SENDING_GUARDIAN_OR_YOUTH: (
        "den som sender: en med foreldreansvar, eller ungdommen",
        "whoever sends: one with parental responsibility, or the youth",
    ),
    Signs.YOUTH_OR_OWN_OBSERVATIONS: (
        "ungdommen, eller en med foreldreansvar som sender egne observasjoner",
        "the youth, or one with parental responsibility who sends own observations",
    ),
    Signs.SENDING_YOUTH: ("personen selv, som sender", "the person, who sends"),
}
_NOBODY: Words = ("ingen", "nobody")
_INFORMED: dict[Informed, Words] = {
    Informed.NOBODY: _NOBODY,
    Informed.OTHER_GUARDIANS: (
        "de andre med foreldreansvar, sju dager før noe deles",
        "the others with parental responsibility, seven days before anything is shared",
    ),
}
_MAY_OBJECT: dict[MayObject, Words] = {
    MayObject.NOBODY: _NOBODY,
    MayObject.OTHER_GUARDIANS: ("de andre med foreldreansvar", "the others with parental responsibility"),
    MayObject.OTHER_GUARDIANS_AND_YOUTH: (
        "de andre med foreldreansvar, og ungdommen",
        "the others with parental responsibility, and the youth",
    ),
    MayObject.YOUTH: ("personen selv", "the young or adult person"),
}
_FOOTING: dict[Footing, Words] = {
    Footing.LAW: ("loven", "the law"),
    Footing.PRODUCT: ("strengere enn loven, valgt i Fortrolig", "stricter than the law, by choice of Fortrolig"),
    Footing.UNCERTAIN: ("usikkert: jurister er uenige", "uncertain: lawyers differ"),
}


@command(app, "show")
async def show(
    session: Session,
    purpose: Annotated[str | None, typer.Option(help="One purpose only: referral, information, …")] = None,
) -> None:
    """Show all rules: for each purpose and age who signs, is heard, is informed and may object, with the reference.

    Example: `fortrolig rules show --purpose referral`
    """
    rules = current_rules()
    chosen = tuple(Purpose) if purpose is None else (word(Purpose, purpose),)
    listed = [rule for rule in rules.rules if rule.purpose in chosen]
    longest = {
        str(each): {"share_months": rules.purposes[each].share_months, "read_months": rules.purposes[each].read_months}
        for each in chosen
    }
    placed = [rule for rule in rules.in_place if rule.purposes & set(chosen)]
    written = {"rules": [_written(rule) for rule in listed], "in_place": [_written_in_place(rule) for rule in placed]}
    session.show({**_set(rules), "longest": longest, **written})
    if session.as_json:
        return
    for each in chosen:
        if session.console.width >= _TABLE_WIDTH:
            session.console.print(_table(session, rules, each))
        else:
            session.show({}, *_list(session, rules, each))
    session.console.print(session.say("I stedet for dem med foreldreansvar:", "In the guardians' place:"))
    for rule in placed:
        session.console.print(f"  {rule.id} v{rule.version} ({rule.reference}): {session.say(rule.nb, rule.en)}")
    session.console.print(f"[dim]{rules.id} {rules.version}  {rules.digest}[/dim]", soft_wrap=True)


@command(app, "explain")
async def explain(
    session: Session,
    purpose: Annotated[str, typer.Option(help="referral, information, coordination, discharge or own-sending.")],
    born: Annotated[str, typer.Option(help="The child's birth date, YYYY-MM-DD.")],
    at: Annotated[
        str | None, typer.Option(help="When, by the Oslo clock: YYYY-MM-DD or YYYY-MM-DDTHH:MM; now, if not given.")
    ] = None,
    sender: Annotated[str | None, typer.Option(help="health, outside or family; all of them, if not given.")] = None,
    receiver: Annotated[str | None, typer.Option(help="health, outside or family; all of them, if not given.")] = None,
    circumstance: Annotated[
        str,
        typer.Option(
            help="ordinary; shielded: health personnel have decided that the parents are not told; "
            "or without-capacity: they have recorded that the young or adult person cannot consent."
        ),
    ] = Circumstance.ORDINARY,
) -> None:
    """Explain who must sign, be heard, be informed or may object for one child, until when at most, and what is next.

    Example: `fortrolig rules explain --purpose referral --born 2011-05-04 --at 2026-11-23 --sender outside`
    """
    wanted, when = word(Purpose, purpose), clock() if at is None else _instant(at)
    birth_date = _birth_date(born)
    pairs = tuple(product(_senders(wanted, sender), _sides(receiver)))
    held = word(Circumstance, circumstance)
    found = applicable(current_rules(), wanted, birth_date, pairs, when, held)
    if found is None or when < instant_of(datetime(birth_date.year, birth_date.month, birth_date.day, tzinfo=OSLO)):
        raise Misused(
            "no-rules-then", "No rules hold at that time: it lies before the rules begin, or before birth.", at=at
        )
    session.show(
        {
            **_set(current_rules()),
            "purpose": str(wanted),
            "born": born,
            "at": when,
            "age": found.age,
            "band": str(found.band),
            "circumstance": str(held),
            "rules": [_written(rule) for rule in found.rules],
            "share_until": found.share_until,
            "read_until": found.read_until,
            "next": None if found.next is None else _written_turn(found.next),
        },
        *_explained(session, wanted, when, found),
    )


def _explained(session: Session, purpose: Purpose, at: Instant, found: Applicable) -> Iterable[str]:
    head = session.say(f"{found.age} år, {_clock(at)}", f"{found.age} years old, {_clock(at)}")
    yield f"[bold]{purpose}[/bold]  {head}"
    for rule in found.rules:
        yield ""
        yield f"[bold]{rule.id}[/bold]  [dim]{session.say('versjon', 'version')} {rule.version}[/dim]"
        yield from (f"  {line}" for line in _rule_lines(session, rule))
    yield ""
    shared, read = _clock(found.share_until), _clock(found.read_until)
    yield session.say(
        f"Et samtykke fra da gjelder for deling til {shared} og lesing til {read}, aldri lenger.",
        f"A consent made then allows sharing until {shared} and reading until {read}, never longer.",
    )
    if found.next is None:
        yield session.say("Ingen flere bursdager endrer dette.", "No later birthday changes this.")
    else:
        yield from _next_lines(session, found.next)
    yield session.say(
        "Andre registrerte forhold, som en omsorgsovertakelse, kan endre dette. Se også `--circumstance`.",
        "Other recorded facts, such as a care order, may change this. See `--circumstance` too.",
    )


def _rule_lines(session: Session, rule: Rule) -> Iterable[str]:
    yield session.say(rule.nb, rule.en)
    yield session.say("Gjelder når: ", "Holds when: ") + session.say(*_holds_when(rule))
    yield session.say("Skriver under: ", "Signs: ") + session.say(*_SIGNS[rule.signs])
    yield session.say("Høres: ", "Is heard: ") + session.say(*_heard(rule))
    yield session.say("Får beskjed: ", "Is informed: ") + session.say(*_INFORMED[rule.informed])
    yield session.say("Kan si nei: ", "May object: ") + session.say(*_MAY_OBJECT[rule.may_object])
    yield session.say("Hjemmel: ", "Reference: ") + f"{rule.reference} ({session.say(*_FOOTING[rule.footing])})"


def _next_lines(session: Session, turn: Turn) -> Iterable[str]:
    day = _clock(turn.at)
    if turn.birthday is None:
        yield session.say(f"Fra {day} gjelder nye regler:", f"From {day} new rules hold:")
    else:
        yield session.say(
            f"Fra {day}, {turn.birthday}-årsdagen:",
            f"From {day}, the birthday of {turn.birthday}:",
        )
    yield from (f"  {rule.id}: {session.say(rule.nb, rule.en)}" for rule in turn.rules)


def _list(session: Session, rules: RuleSet, purpose: Purpose) -> Iterable[str]:
    """Say what the table says for a terminal too narrow for its columns."""
    yield f"[bold]{purpose}[/bold]  {_longest(session, rules, purpose)}"
    for rule in rules.rules:
        if rule.purpose is purpose:
            years = session.say(f"{_ages(rule)} år", f"{_ages(rule)} years")
            yield f"\n[bold]{years}[/bold]  {rule.id} v{rule.version}"
            yield from (f"  {line}" for line in _rule_lines(session, rule))
    yield ""


def _longest(session: Session, rules: RuleSet, purpose: Purpose) -> str:
    scope = rules.purposes[purpose]
    return session.say(
        f"deles i høyst {scope.share_months} måneder, leses i høyst {scope.read_months}",
        f"shared for {scope.share_months} months at most, read for {scope.read_months}",
    )


def _table(session: Session, rules: RuleSet, purpose: Purpose) -> Table:
    heads = (
        ("alder", "age"),
        ("når", "when"),
        ("skriver under", "signs"),
        ("høres", "is heard"),
        ("får beskjed", "is informed"),
        ("kan si nei", "may object"),
        ("regel, hjemmel", "rule, reference"),
    )
    table = Table(
        title=f"{purpose}: {_longest(session, rules, purpose)}",
        title_justify="left",
        box=box.SIMPLE,
        padding=(0, 1, 0, 0),
    )
    for head in heads:
        table.add_column(session.say(*head), overflow="fold")
    shown = [rule for rule in rules.rules if rule.purpose is purpose]
    for rule in shown:
        said = (_holds_when(rule), _SIGNS[rule.signs], _heard(rule), _INFORMED[rule.informed])
        table.add_row(
            _ages(rule),
            *(session.say(*each) for each in said),
            session.say(*_MAY_OBJECT[rule.may_object]),
            f"{rule.id} v{rule.version}\n{rule.reference}",
        )
    return table


def _holds_when(rule: Rule) -> Words:
    """Say between whom, and in which circumstances where it is for others than the ordinary."""
    bokmal, english = _WHEN[rule.when]
    if Circumstance.ORDINARY in rule.circumstances:
        return bokmal, english
    held = [_CIRCUMSTANCES[each] for each in rule.circumstances]
    return f"{bokmal}: {', '.join(nb for nb, _ in held)}", f"{english}: {', '.join(en for _, en in held)}"


def _heard(rule: Rule) -> Words:
    if not rule.heard:
        return _NOBODY
    if rule.from_age < BANDS[2].first:
        return ("barnet; meningen skrives ned", "the child; the view is written down")
    return ("ungdommen; et nei stopper", "the youth; a no stops it")


def _ages(rule: Rule) -> str:
    if rule.to_age > BANDS[-1].first:
        return f"{rule.from_age}+"
    return f"{rule.from_age}" if rule.from_age == rule.to_age else f"{rule.from_age}-{rule.to_age}"


def _set(rules: RuleSet) -> dict[str, Any]:
    return {"rule_set": {"id": rules.id, "version": rules.version, "digest": rules.digest}}


def _written(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "version": rule.version,
        "purpose": str(rule.purpose),
        "from_age": rule.from_age,
        "to_age": rule.to_age,
        "when": str(rule.when),
        "circumstances": [str(each) for each in rule.circumstances],
        "signs": str(rule.signs),
        "heard": rule.heard,
        "informed": str(rule.informed),
        "may_object": str(rule.may_object),
        "reference": rule.reference,
        "footing": str(rule.footing),
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
        "explanation": {str(Language.BOKMAL): rule.nb, str(Language.ENGLISH): rule.en},
    }


def _written_in_place(rule: InPlace) -> dict[str, Any]:
    return {
        "id": rule.id,
        "version": rule.version,
        "authority": str(rule.authority),
        "purposes": sorted(map(str, rule.purposes)),
        "guardians_send": str(rule.guardians_send),
        "reference": rule.reference,
        "footing": str(rule.footing),
        "explanation": {str(Language.BOKMAL): rule.nb, str(Language.ENGLISH): rule.en},
    }


def _written_turn(turn: Turn) -> dict[str, Any]:
    return {"at": turn.at, "birthday": turn.birthday, "rules": [_written(rule) for rule in turn.rules]}


def _senders(purpose: Purpose, written: str | None) -> list[Regime | None]:
    """Return the senders' regimes; an own sending comes from the family and from nobody else."""
    if purpose is not Purpose.OWN_SENDING:
        return _sides(written)
    if written not in (None, Side.FAMILY):
        raise not_a_word(str(written), (Side.FAMILY,))
    return [None]


def _sides(written: str | None) -> list[Regime | None]:
    return [each.regime for each in (tuple(Side) if written is None else (word(Side, written),))]


def _birth_date(written: str) -> date:
    try:
        return parse_date(written)
    except ValueError as error:
        raise Misused("bad-birth-date", f"The birth date is written YYYY-MM-DD: {error}.") from error


def _instant(written: str) -> Instant:
    """Read a day or a minute on the Oslo clock; of an hour that comes twice, its first.

    Raises:
        Misused: another spelling, or a minute that the clock skips when summer time begins.
    """
    spelling = "%Y-%m-%dT%H:%M" if "T" in written else "%Y-%m-%d"
    try:
        read = datetime.strptime(written, spelling).replace(tzinfo=OSLO)
    except ValueError:
        read = None
    if read is None or f"{read:{spelling}}" != written or f"{wall_clock(instant_of(read)):{spelling}}" != written:
        raise Misused("bad-time", f"{written!r} is no time on the Oslo clock.", given=written)
    return instant_of(read)


def _clock(at: Instant) -> str:
    return f"{wall_clock(at):%d.%m.%Y %H:%M}"
