"""The expert assessment that PPT writes: the paper a family most often carries from one service to the next."""

from __future__ import annotations

from datetime import date, timedelta

from reportlab.platypus import CondPageBreak, Flowable, KeepTogether

from demo.paper import Cover, bars, day, facts, grid, heading, points, print_paper, quote, signature, text, title
from demo.people import Cast, Person


def ppt_report(people: Cast, written: date, child: Person | None = None) -> bytes:
    """Print PPT's expert assessment (sakkyndig vurdering) of the story's child, or of another one, as a PDF."""
    subject = child or people.child
    cover = Cover("Sakkyndig vurdering", people.ppt_office.name, f"Sak SYN-{written.year}/0417")
    return print_paper(cover, lambda: _story(people, written, subject))


def _story(people: Cast, written: date, child: Person) -> list[Flowable]:
    return [
        *_opening(people, written, child),
        *_basis(written, child),
        *_observations(),
        *_results(child),
        *_advice(child),
        *_closing(people, written, child),
    ]


def _opening(people: Cast, written: date, child: Person) -> list[Flowable]:
    return [
        *title("Sakkyndig vurdering", "Etter opplæringsloven, med forslag til individuelt tilrettelagt opplæring"),
        facts(
            [
                ("Elev", f"{child.name}, født {day(child.born)} ({child.age(written)} år)"),
                ("Fødselsnummer (syntetisk)", child.national_id.text),
                ("Skole", "Bekkedalen skole (SYNTETISK), 3. trinn, kontaktlærer Siri Eventyrli"),
                ("Foresatte", f"{people.mother.name} (mor) og {people.father.name} (far)"),
                ("Oppdragsgiver", "Rektor ved skolen, etter ønske fra foresatte"),
                ("Sakkyndig", f"{people.ppt_adviser.name}, {people.ppt_adviser.title}"),
                ("Samtykke til utredning", "Skriftlig fra begge foresatte. Eleven er hørt."),
                ("Dato", day(written)),
            ]
        ),
        heading("1. Kort oppsummert"),
        *text(
            f"{child.given_name} er en vennlig og utholdende elev som forstår det hun hører godt, og som regner på "
            "nivå med trinnet. Hun leser langsomt og med mange gjettinger, og hun bruker så mye krefter på å skjule "
            "det at skoledagen blir tung. Fraværet har økt siden våren og henger sammen med uro ved overganger.",
            "PPT vurderer at eleven ikke har tilfredsstillende utbytte av det ordinære tilbudet i norsk, og tilrår "
            "individuelt tilrettelagt opplæring i lesing. Uroen bør vurderes av helsetjenesten. Vi foreslår at "
            "foresatte tar rapporten med til fastlegen.",
        ),
        heading("2. Bakgrunn"),
        *text(
            "Skolen meldte bekymring i mai etter kartleggingen på 2. trinn. Resultatet lå under grensen i ordkjeder "
            "og leseforståelse. Samme vår begynte eleven å komme for sent, og foresatte fortalte om magesmerter om "
            "morgenen. Skolen prøvde lesegrupper i tolv uker med noe framgang i lydering, men liten endring i flyt.",
            "Syn og hørsel er kontrollert hos helsesykepleier uten anmerkning. Familien snakker norsk hjemme. Det er "
            "ikke kjent lesevansker i nær familie utover det foresatte selv har ønsket å fortelle muntlig.",
        ),
    ]


def _basis(written: date, child: Person) -> list[Flowable]:
    return [
        heading("3. Grunnlaget for vurderingen"),
        grid(
            ["Når", "Hva", "Hvem deltok"],
            [
                [day(written - timedelta(days=62)), "Oppstartsmøte på skolen", "Foresatte, kontaktlærer, PPT"],
                [day(written - timedelta(days=48)), "Observasjon i norsk og gym, to timer", "PPT"],
                [day(written - timedelta(days=41)), "Samtale med eleven", f"{child.given_name}, PPT"],
                [day(written - timedelta(days=34)), "Kartlegging av lesing, del 1 og 2", f"{child.given_name}, PPT"],
                [
                    day(written - timedelta(days=27)),
                    "Kartlegging av regning og arbeidsminne",
                    f"{child.given_name}, PPT",
                ],
                [day(written - timedelta(days=13)), "Gjennomgang av funn", "Foresatte, kontaktlærer, PPT"],
            ],
        ),
        heading("4. Elevens egen stemme"),
        *text(
            f"{child.given_name} ville gjerne snakke mens hun tegnet. Hun fortalte om katten Pus, korpset og "
            "venninnen Tiril. Hun visste hvorfor vi møttes, og ville at de voksne skulle slutte å spørre i klassen."
        ),
        quote(
            "Bokstavene er ikke vanskelige når jeg er alene. Når alle hører på, hopper de. "
            "Jeg vil ha en voksen som venter, ikke en som hjelper med én gang.",
            f"{child.given_name}, {child.age(written)} år, i samtale med PPT",
        ),
        *text(
            "Hun er for å få lesetrening, helst i en liten gruppe med noen hun kjenner, og helst ikke i gymtimen. "
            "Hun er også for at rapporten går til fastlegen."
        ),
    ]


def _observations() -> list[Flowable]:
    return [
        heading("5. Fungering på skolen"),
        *text(
            "<b>Læring.</b> Eleven følger muntlige beskjeder i flere ledd, forklarer hvordan hun tenker i "
            "matematikk, og husker innhold fra opplest tekst bedre enn de fleste. Ved egen lesing mister hun linjen, "
            "leser forkortede ord riktig én gang og feil den neste, og blir fort sliten.",
            "<b>Samspill.</b> Hun er trygg i lek med én eller to. I store grupper holder hun seg i utkanten, men "
            "blir invitert inn. Skolen har undersøkt klassemiljøet og ikke funnet krenkelser.",
            "<b>Uro.</b> I den observerte gymtimen ba hun tre ganger om å gå på toalettet. Ved bytte til vikar "
            "sluttet hun å svare muntlig. Hun roet seg innen fem minutter da en kjent voksen satte seg ved siden av.",
        ),
        grid(
            ["Måned", "Skoledager", "Fravær, dager", "For sent, dager", "Merknad"],
            [
                ["August", "10", "1", "2", "Rolig oppstart med ny klasseliste"],
                ["September", "22", "4", "6", "Vikar i tre uker"],
                ["Oktober", "17", "7", "3", "Høstferie i uke 40"],
            ],
        ),
    ]


def _results(child: Person) -> list[Flowable]:
    return [
        heading("6. Resultater"),
        *text(
            "Resultatene er gitt som persentiler: 50 er midten for alderen, og det skraverte feltet (16 til 84) er "
            "det vanlige området. Tall alene avgjør ingenting, men de stemmer godt med det vi så og hørte."
        ),
        KeepTogether(
            [
                bars(
                    "Figur 1. Persentiler sammenlignet med alderstrinnet",
                    [
                        ("Språkforståelse", 63),
                        ("Visuell resonnering", 55),
                        ("Arbeidsminne", 24),
                        ("Regning", 47),
                        ("Lesing: ordavkoding", 6),
                        ("Lesing: flyt", 4),
                        ("Lesing: forståelse, lest selv", 12),
                        ("Lesing: forståelse, opplest", 66),
                    ],
                )
            ]
        ),
        CondPageBreak(130),
        grid(
            ["Område", "Funn", "Hva det betyr i klasserommet"],
            [
                ["Språk", "Godt ordforråd og god lytteforståelse", "Lærer best når stoffet også blir lest opp"],
                ["Avkoding", "Langsom, gjetter ut fra første stavelse", "Trenger systematisk lydtrening hver dag"],
                ["Flyt", "Halvparten av farten på trinnet", "Trenger mer tid og kortere tekster"],
                ["Arbeidsminne", "Nedre del av det vanlige", "Én beskjed om gangen, gjerne på lapp"],
                ["Regning", "Som forventet", "Tekstoppgaver bør leses høyt"],
            ],
        ),
        heading("7. Vurdering"),
        *text(
            f"Spriket mellom hva {child.given_name} forstår når hun lytter og hva hun får til når hun leser selv, er "
            "stort og stabilt. Hun har fått god og målrettet opplæring i tolv uker uten å ta igjen farten. PPT "
            "vurderer vansken som en spesifikk lesevanske. Evner, språk eller fravær alene forklarer den ikke.",
            "Uroen ser ut til å ha begynt omtrent da lesekravene økte, men den er nå til stede også i situasjoner "
            "uten lesing, som gym og følge til skolen. PPT kan ikke vurdere om det er en angstlidelse. Det bør "
            "spesialisthelsetjenesten gjøre, parallelt med at leseopplæringen kommer i gang.",
        ),
    ]


def _advice(child: Person) -> list[Flowable]:
    return [
        heading("8. Tilråding"),
        *text("PPT tilrår individuelt tilrettelagt opplæring for dette og neste skoleår, med disse rammene:"),
        grid(
            ["Fag og mål", "Innhold", "Organisering", "Omfang"],
            [
                [
                    "Norsk: lese trinnets tekster med forståelse",
                    "Systematisk lyd- og stavelsestrening, gjentatt lesing, lydbøker",
                    "Liten gruppe, fast lærer med lesekompetanse",
                    "95 årstimer",
                ],
                [
                    "Norsk: skrive korte tekster uten å gi opp",
                    "Skriving med opplest støtte, rettelse av ett trekk om gangen",
                    "I klassen, lærer i nærheten",
                    "38 årstimer",
                ],
                [
                    "Sosialt: være til stede hele dagen",
                    "Fast voksen om morgenen, forberedelse på vikar og tur",
                    "I klassen og i overganger",
                    "Etter avtale, vurderes hver måned",
                ],
            ],
        ),
        heading("9. Tiltak i det ordinære tilbudet"),
        *points(
            "Ingen høytlesing foran klassen uten at det er avtalt dagen før.",
            "Oppgaver leses opp, og prøver gis med halvannen gang så lang tid.",
            "Lydbok og opplest tekst er tilgjengelig for alle på trinnet, så ingen ser hvem som trenger det.",
            "Dagens plan på pulten, med tegn for når læreren byttes.",
            f"{child.given_name} velger selv et tegn for pause, og pausen varer i fem minutter med en kjent voksen.",
        ),
        heading("10. Samarbeid med helsetjenesten"),
        *text(
            "Vi anbefaler at foresatte deler rapporten med fastlegen, og at fastlegen vurderer henvisning til BUP. "
            "PPT kan delta i samarbeidsmøte når det foreligger samtykke. Rapporten inneholder ikke opplysninger om "
            "andre enn eleven, utover det som er nødvendig for å forstå skolesituasjonen."
        ),
    ]


def _closing(people: Cast, written: date, child: Person) -> list[Flowable]:
    adviser = people.ppt_adviser
    return [
        heading("11. Oppfølging og rettigheter"),
        grid(
            ["Hva", "Hvem", "Når"],
            [
                ["Vedtak om opplæringen", "Rektor", "Innen fire uker"],
                ["Plan for leseopplæringen", "Kontaktlærer og PPT", day(written + timedelta(days=35))],
                ["Ny kartlegging av flyt", "PPT", day(written + timedelta(days=150))],
                ["Årsvurdering", "Skolen", day(written + timedelta(days=230))],
            ],
        ),
        *text(
            f"Foresatte og {child.given_name} har rett til å se alt PPT har skrevet i saken, til å be om at feil "
            "rettes, og til å uttale seg før vedtak. Vedtaket kan påklages til Statsforvalteren innen tre uker."
        ),
        KeepTogether(
            signature(
                "Elvebyen", written, [f"<b>{adviser.name}</b>", adviser.title, f"{adviser.unit}, {adviser.phone}"]
            )
        ),
    ]
