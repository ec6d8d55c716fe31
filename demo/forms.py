"""The structured forms that travel beside the PDFs: the fields of DOMAIN 5.1 and 5.2 under stable English keys.

A form is JSON of objects, lists, texts, integers and booleans. Lists of objects hold the same keys in each object.
"""

from __future__ import annotations

import hashlib
import io
from datetime import date, timedelta
from typing import Any

from pypdf import PdfReader

from demo.people import Cast

Form = dict[str, dict[str, Any]]


def referral_form(
    people: Cast, written: date, *, care_consent: str, disclosure_consent: str, ppt_report: bytes
) -> Form:
    """Fill the referral to BUP (DOMAIN 5.1).

    Args:
        people: the cast.
        written: the day of the referral, in Oslo.
        care_consent: digest or id of the consent to care.
        disclosure_consent: digest or id of the consent to share the attachment.
        ppt_report: the attached PDF, of which the form states pages and SHA-256.
    """
    child, mother, father = people.child, people.mother, people.father
    signers = [
        {
            "name": parent.name,
            "role": role,
            "consent": "gitt",
            "method": "egen nøkkel i Fortrolig",
            "date": str(written),
        }
        for parent, role in ((mother, "mor"), (father, "far"))
    ]
    return {
        "administrative": {
            "message_id": f"SYN-{written:%Y%m%d}-0001",
            "referral_type": "ny",
            "urgency": "ordinær",
            "urgency_reason": "Ingen akutt fare, men økende skolefravær de siste to månedene.",
            "date": str(written),
            "referrer": people.gp.name,
            "referrer_hpr": people.gp.hpr,
            "referrer_unit": people.gp_practice.name,
            "referrer_organisation_number": people.gp_practice.organisation.text,
            "referrer_her_id": people.gp_practice.her_id,
            "direct_phone": people.gp.phone,
            "general_practitioner": "Henviser er barnets fastlege.",
            "receiving_unit": people.bup_clinic.name,
            "age_at_referral": f"{child.age(written)} år, innenfor målgruppen (0 til 17 år og 9 måneder)",
        },
        "patient": {
            "name": child.name,
            "national_id": child.national_id.text,
            "born": str(child.born),
            "sex": "jente",
            "address": "Oppdiktveien 12, 0000 Elvebyen",
            "phone": mother.phone,
            "language": "norsk",
            "interpreter_needed": False,
            "sami_language_wish": False,
            "confidential_address": False,
            "school": "Bekkedalen skole (SYNTETISK), 3. trinn, kontaktlærer Siri Eventyrli",
            "country_background": "Norge",
        },
        "guardianship": {
            "holders": [
                {"name": parent.name, "role": role, "national_id": parent.national_id.text, "phone": parent.phone}
                for parent, role in ((mother, "mor"), (father, "far"))
            ],
            "daily_care": "Begge foreldre",
            "residence": "Bor fast hos begge, i samme husstand.",
            "child_welfare": "ingen",
            "representative": "ingen",
            "contact_restrictions": "ingen kjente",
        },
        "consent": {
            "care": signers,
            "care_consent": care_consent,
            "one_parent_basis": "ikke aktuelt, begge har samtykket",
            "child_view": "Nora er spurt alene. Hun vil gjerne snakke med noen, men ikke i klassen.",
            "withhold": "ingen",
            "disclosure_consent": disclosure_consent,
            "objections": "ingen",
        },
        "reason": {
            "question": "Har Nora en angstlidelse som forklarer fraværet, og hvilken behandling kan hun få?",
            "own_words": "Det knyter seg i magen når vi går forbi porten. Hjemme går det fint.",
            "parents_view": "De ser et barn som har trukket seg gradvis unna siden våren.",
            "onset": "Gradvis fra april, tydelig verre etter sommerferien.",
            "course": "Fra enkelttimer til hele dager borte; 14 dager fravær siden skolestart.",
            "triggers": "Overganger, gymtimer, vikarer og høytlesing.",
            "important_to_the_child": "Å beholde venninnen Tiril, korpset og katten Pus.",
        },
        "symptoms": {
            "description": "Magesmerter, gråt og uro om morgenen, sjekker at mor er hjemme.",
            "extent": "Tre til fire morgener i uken, 30 til 60 minutter, middels alvorlig.",
            "suicidality": "Spurt direkte: ingen tanker om død eller selvskading.",
            "psychosis": "ingen tegn",
            "eating": "Spiser lite frokost, ellers som før. Følger vekstkurven.",
            "sleep": "Sovner kl. 22.30, våkner to ganger.",
            "substance_use": "ikke aktuelt",
            "violence_or_abuse": "Spurt barnet og foreldrene hver for seg: ingen opplysninger om det.",
            "trauma": "Var vitne til et fall på lekeplassen i mars, uten alvorlig skade.",
            "risk_to_others": "ingen",
        },
        "function": {
            "home": "Hjelper til og leker med lillebror. Trenger en voksen i rommet ved leggetid.",
            "school": "Faglig i rute i matematikk, henger etter i lesing. Tilstede 60 % av dagene i oktober.",
            "leisure": "Korps én gang i uken, har sluttet på turn.",
            "peers": "Én nær venninne, trekker seg fra store grupper.",
            "recent_loss": "Klarte i vår å gå alene til skolen. Følges nå helt inn i klasserommet.",
        },
        "development": {
            "milestones": "Gikk ved 13 måneder, setninger ved 2 år. Ingen bekymring på helsestasjonen.",
            "pregnancy_and_birth": "Uten hendelser av betydning.",
            "somatic_examination": "Hjerte, lunger, abdomen og nevrologisk orienterende undersøkelse uten funn.",
            "somatic_examination_date": str(written - timedelta(days=6)),
            "seen_by_referrer": f"Ja, {written - timedelta(days=6)}",
            "height_and_weight": "128 cm, 26 kg",
            "medicines": "ingen",
            "allergies": "Bjørkepollen, mild",
        },
        "context": {
            "family": "Mor, far og to barn i leilighet.",
            "siblings": "Lillebror, 5 år.",
            "parents_health": "Ikke opplyst. Ikke relevant for henvisningen.",
            "third_party_content": False,
            "bullying": "Skolen har undersøkt og ikke funnet mobbing.",
            "living_conditions": "God og stabil bolig.",
            "network": "Besteforeldre i nærheten.",
        },
        "measures_tried": {
            "measures": [
                {
                    "what": "Skolehelsetjenesten: fem samtaler med helsesykepleier",
                    "when": "mai til september",
                    "effect": "Nora kan sette ord på uroen, fraværet er uendret",
                },
                {
                    "what": "Skolen: fast voksen i døren og gradvis oppmøte",
                    "when": "fra september",
                    "effect": "Noe lettere de dagene samme voksen møter",
                },
                {"what": "PPT: sakkyndig vurdering", "when": "oktober", "effect": "Se vedlegg"},
                {
                    "what": "Foreldreveiledning i bydelen",
                    "when": "tre ganger i høst",
                    "effect": "Tryggere morgener hjemme",
                },
            ],
            "why_municipal_help_is_not_sufficient": "Funksjonsfallet øker tross samordnede tiltak i seks måneder.",
        },
        "previous_specialist_contact": {"contact": "ingen"},
        "services_involved": {
            "services": [
                {"service": people.ppt_office.name, "contact": people.ppt_adviser.name, "role": "utreder, medhenviser"},
                {
                    "service": people.borough_intake.name,
                    "contact": people.borough_coordinator.name,
                    "role": "veiledning",
                },
            ]
        },
        "attachments": {"files": [_attachment(people, written, disclosure_consent, ppt_report)]},
        "wishes": {
            "contact": "Melding i Fortrolig til begge foreldre",
            "times": "Helst etter kl. 13",
            "safe_phone": mother.phone,
            "may_be_called": "mor og far",
            "preferred_guide": "ingen",
        },
    }


def discharge_form(people: Cast, started: date, ended: date, *, consent: str) -> Form:
    """Fill the discharge summary and follow-up plan (DOMAIN 5.2).

    Args:
        people: the cast.
        started: first day of treatment, in Oslo.
        ended: last day, on which the summary is sent.
        consent: digest or id of the consent to the discharge.
    """
    first_follow_up = ended + timedelta(days=14)
    return {
        "administrative": {
            "author": people.bup_clinician.name,
            "responsible_specialist": f"{people.bup_clinician.name}, {people.bup_clinician.hpr}",
            "unit": people.bup_clinic.name,
            "start": str(started),
            "end": str(ended),
            "sent": str(ended),
            "type": "avsluttet poliklinisk behandling",
            "recipients": [
                {"unit": people.gp_practice.name, "role": "henviser og fastlege", "basis": consent},
                {"unit": people.borough_intake.name, "role": "oppfølging i kommunen", "basis": consent},
            ],
            "objections": "ingen",
            "who_was_asked": "Nora, mor og far",
        },
        "reason_for_referral": {
            "summary": "Henvist av fastlegen for utredning av angst og økende skolefravær hos en jente på åtte år.",
        },
        "diagnoses": {
            "axes": [
                {"axis": "I", "code": "F93.0", "text": "Separasjonsangst i barndommen", "certainty": "sikker"},
                {"axis": "II", "code": "F81.0", "text": "Spesifikk leseforstyrrelse", "certainty": "sannsynlig"},
                {"axis": "III", "code": "ingen", "text": "Evnenivå i normalområdet", "certainty": "sikker"},
                {"axis": "IV", "code": "ingen", "text": "Ingen somatisk tilstand av betydning", "certainty": "sikker"},
                {"axis": "V", "code": "ingen", "text": "Ingen avvikende psykososiale forhold", "certainty": "sikker"},
                {
                    "axis": "VI",
                    "code": "71",
                    "text": "Global fungering ved utskrivning (54 ved start)",
                    "certainty": "ikke aktuelt",
                },
            ],
            "date": str(ended),
        },
        "assessment": {
            "methods": "Klinisk intervju med barn og foreldre, observasjon i skolen, spørreskjema til lærer.",
            "risk_of_suicide": "Ingen holdepunkter ved avslutning.",
            "risk_of_violence": "Ingen holdepunkter ved avslutning.",
        },
        "treatment": {
            "content": "Kognitiv atferdsterapi tilpasset alder, med gradvis øving på å skilles og å være på skolen.",
            "contacts": 14,
            "groups": "ingen",
            "family_work": "Fem foreldretimer og to samarbeidsmøter med skolen.",
            "coercion": "ingen",
        },
        "course": {
            "change_in_symptoms": "Fra fire vanskelige morgener i uken til én annenhver uke.",
            "change_in_function": "Full skoledag siden uke fire før avslutning. Har begynt på turn igjen.",
            "feedback_score": "Foreldrenes skåre for vansker falt fra 19 til 9 av 40.",
            "child_view": "Jeg har en stige inni hodet nå. Jeg vet hvilket trinn jeg står på.",
            "parents_view": "Mor og far er fornøyde og ønsker en plan for nye tider med uro.",
        },
        "medication": {
            "at_discharge": "ingen",
            "changes": "Ingen legemidler gitt i behandlingen.",
            "monitoring": "ikke aktuelt",
            "prescriber": "ikke aktuelt",
        },
        "critical_information": {"allergies": "Bjørkepollen, mild", "warnings": "ingen"},
        "status": {
            "home": "Sovner selv de fleste kvelder.",
            "school": "Til stede hver dag, leser med støtte.",
            "remaining": "Lesevansker og noe uro ved vikarer og turer.",
        },
        "recommendations": {
            "measures": [
                {
                    "measure": "Samtale med helsesykepleier hver tredje uke i et halvt år",
                    "why": "Fange opp tilbakefall tidlig",
                    "unit": people.borough_intake.name,
                    "start": str(first_follow_up),
                    "status": "akseptert",
                },
                {
                    "measure": "Systematisk leseopplæring",
                    "why": "Leseforstyrrelse, se PPTs vurdering",
                    "unit": people.ppt_office.name,
                    "start": str(ended + timedelta(days=30)),
                    "status": "ikke spurt ennå",
                },
                {
                    "measure": "Kontroll av søvn og trivsel",
                    "why": "Følge vekst og søvn",
                    "unit": people.gp_practice.name,
                    "start": str(ended + timedelta(days=90)),
                    "status": "spurt",
                },
            ]
        },
        "follow_up": {
            "first_date": str(first_follow_up),
            "contact_point": f"{people.borough_coordinator.name}, {people.borough_coordinator.phone}",
            "relapse_signs": "To fraværsdager på en uke, magesmerter om morgenen, vil ikke sove alene.",
            "crisis_plan": "Ring kontaktpunktet på dagtid, legevakten om kvelden. Ved fare for liv: 113.",
            "way_back": "Foreldrene kan ringe klinikken direkte i seks måneder uten ny henvisning.",
            "school_adaptation": "Fast voksen om morgenen, forberedelse på vikar og turdager.",
            "parent_guidance": "Tilbud i bydelen ved behov.",
            "coordinator": "Ikke behov for individuell plan nå.",
        },
        "information_given": {
            "told": "Nora og foreldrene har lest epikrisen sammen med behandler.",
            "plain_version": "Ja, et brev til Nora med tegnet plan.",
            "language": "bokmål",
        },
        "not_shared": {"sections_withheld": False},
        "receipt": {"alert_after_days": 7},
    }


def _attachment(people: Cast, written: date, consent: str, pdf: bytes) -> dict[str, Any]:
    return {
        "type": "PPT sakkyndig vurdering",
        "author_unit": people.ppt_office.name,
        "date": str(written),
        "pages": len(PdfReader(io.BytesIO(pdf)).pages),
        "sha256": hashlib.sha256(pdf).hexdigest(),
        "consent": consent,
        "third_party_content": False,
    }
