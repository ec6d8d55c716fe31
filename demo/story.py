"""The main job, scene by scene, with real processes: what is allowed, what is refused, and what can be proved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from demo import documents, forms, replay
from demo.actors import Actor, StoryBroken
from demo.people import Cast
from demo.ppt_report import ppt_report
from demo.telling import Teller
from demo.world import Stage, World


@dataclass(frozen=True, slots=True)
class Papers:
    """The documents of the story, as files."""

    ppt_report: Path
    referral: Path
    referral_form: Path
    discharge: Path
    discharge_form: Path
    school_note: Path


class Story:
    """One telling."""

    def __init__(self, stage: Stage, world: World, cast: Cast, teller: Teller, own: bytes | None) -> None:
        self.stage = stage
        self.world = world
        self.cast = cast
        self.teller = teller
        self.papers = _print_papers(stage.build / "papers", cast, own)
        self.matter = ""
        self.referral: list[str] = []
        self.discharge = ""
        self.verdict: Mapping[str, Any] = {}

    async def tell(self) -> None:
        """Tell the story up to the authority's verdict."""
        await self.mother_sends_the_report()
        await self.gp_asks_and_holds()
        await self.father_signs_and_it_is_sent()
        await self.others_are_refused()
        await self.bup_reads_and_asks_back()
        await self.bup_sends_the_discharge_summary()
        await self.mother_withdraws()

    async def mother_sends_the_report(self) -> None:
        """A mother sends the PPT report to the GP and gets a receipt."""
        self.teller.scene("1. The mother sends the PPT report to the GP, instead of by e-mail")
        mother, gp_unit = self.world.mother, self._unit("gp_practice")
        asked = await mother.run(
            *("consent", "request", "--purpose", "own-sending", "--receiver", gp_unit),
            *("--category", "ppt-report", "--category", "message"),
        )
        self.matter = str(asked["matter"])
        await mother.run("consent", "sign", asked["consents"][0]["consent"])
        self.teller.step("Mother", "allows herself to send PPT papers to the GP: one signature, hers, ends by itself")
        sent = await mother.run(
            *("send", "--to", gp_unit, "--matter", self.matter),
            *(
                "--file",
                f"ppt-report={self.papers.ppt_report}",
                "--message-file",
                str(self._text("mother.txt", _FROM_MOTHER)),
            ),
        )
        receipt = await mother.run("receipt")
        self.teller.step(
            "Mother", f"sends it and gets a receipt: entry {receipt['entry'][:8]} of the log, checked against its key"
        )
        await self._opens(self.world.gp, sent["share"], "GP")

    async def gp_asks_and_holds(self) -> None:
        """The GP asks both guardians; the second has not signed: held, not sent."""
        self.teller.scene("2. The GP refers to BUP: both parents must say yes first")
        gp, bup = self.world.gp, self._unit("bup_clinic")
        categories = ("referral", "ppt-report", "message")
        asked = await gp.run(
            *("consent", "request", "--purpose", "referral", "--child", self.world.child, "--matter", self.matter),
            *("--sender", self._unit("gp_practice"), "--sender", bup, "--receiver", bup),
            *("--receiver", self._unit("gp_practice")),
            *(word for one in categories for word in ("--category", one)),
        )
        self.referral = [one["consent"] for one in asked["consents"]]
        self.teller.step(
            "GP",
            f"asks for consent to care and to disclosure, in one act; the law names {len(asked['signers'])} signers",
        )
        await gp.run("consent", "hear", "--outcome", "for", "--matter", self.matter, "--child", self.world.child)
        self.teller.step("GP", "has asked Nora, who is eight, and writes down that she wants help")
        await self.world.mother.run("consent", "sign", *self.referral)
        self.teller.step("Mother", "signs both")
        why = await gp.refused(*self.referral_words())
        self.teller.refused("GP", "tries to send before the father has signed", why)
        held = await gp.run(*self.referral_words(), "--hold")
        if not held["held"]:
            raise StoryBroken("the referral was sent without the father")
        self.teller.step("GP", "prepares the referral once and holds it, sealed to its own practice: waiting, not sent")
        self.held = str(held["share"])

    async def father_signs_and_it_is_sent(self) -> None:
        """He signs: sent."""
        gp = self.world.gp
        why = await gp.refused("release", self.held)
        self.teller.refused("GP", "tries to release it all the same", why)
        await self.world.father.run("consent", "sign", *self.referral)
        self.teller.step("Father", "reads the same text and signs")
        await gp.run("release", self.held)
        self.teller.step("GP", "releases the held referral: decided again, sealed to BUP's key of today, sent")

    async def others_are_refused(self) -> None:
        """A stranger, a document outside the consent, a replay, a former employee: refused and logged."""
        self.teller.scene("3. Who may not, cannot")
        why = await self.world.stranger.refused("open", self.held)
        self.teller.refused("A stranger", "who knows the share's id tries to open it", why)
        why = await self.world.gp.refused(
            *("send", "--to", self._unit("bup_clinic"), "--matter", self.matter, "--child", self.world.child),
            *("--category", "message", "--file", f"school-report={self.papers.school_note}"),
        )
        self.teller.refused("GP", "adds a school note that the consent does not cover", why)
        former = self.world.persons["former"]
        await self.world.bup_custodian.run("unit", "remove", self._unit("bup_clinic"), former)
        self.teller.step("BUP's custodian", "removes an employee who has left; the mailbox gets a new key")
        why = await self.world.former.refused("open", self.held)
        self.teller.refused("The former employee", "tries to open the referral", why)

    async def bup_reads_and_asks_back(self) -> None:
        """BUP opens, asks back, gets an answer."""
        self.teller.scene("4. BUP reads, asks back, gets an answer")
        bup, gp = self.world.bup, self.world.gp
        await self._opens(bup, self.held, "BUP")
        why = await replay.repeat_opening(bup, self.held)
        self.teller.refused("Somebody", "replays BUP's own signed opening, byte by byte", why)
        asked = await bup.run("reply", self.held, "--message-file", str(self._text("bup.txt", _FROM_BUP)))
        question = await gp.run("open", asked["share"])
        self.teller.step("GP", f"reads BUP's question: «{question['message'].strip()}»")
        answered = await gp.run("reply", asked["share"], "--message-file", str(self._text("gp.txt", _FROM_GP)))
        answer = await bup.run("open", answered["share"])
        self.teller.step("BUP", f"reads the answer: «{answer['message'].strip()}»")

    async def bup_sends_the_discharge_summary(self) -> None:
        """Discharge summary to borough and GP; the borough opens it, BUP sees that."""
        self.teller.scene("5. Treatment ends: the discharge summary to borough and GP")
        bup = self.world.bup
        receivers = (self._unit("borough_intake"), self._unit("gp_practice"))
        asked = await bup.run(
            *("consent", "request", "--purpose", "discharge", "--child", self.world.child, "--matter", self.matter),
            *(word for one in receivers for word in ("--receiver", one)),
            *("--category", "discharge-summary"),
        )
        self.discharge = str(asked["consents"][0]["consent"])
        await asyncio.gather(
            self.world.mother.run("consent", "sign", self.discharge),
            self.world.father.run("consent", "sign", self.discharge),
        )
        self.teller.step("Mother and father", "sign for the discharge summary, each at home")
        sent = await bup.run(
            *("send", "--matter", self.matter, "--child", self.world.child, "--category", "discharge-summary"),
            *(word for one in receivers for word in ("--to", one)),
            *("--form-file", str(self.papers.discharge_form), "--file", f"discharge-summary={self.papers.discharge}"),
        )
        self.summary = str(sent["share"])
        await self._opens(self.world.borough, self.summary, "The borough")
        seen = await bup.run("sent")
        reached = next(item for item in seen["items"] if item["share"] == self.summary)["recipients"]
        opened = [one["to"] for one in reached if one["opened"] is not None]
        if opened != [receivers[0]]:
            raise StoryBroken(f"BUP should see that the borough alone has opened: {reached}")
        self.teller.step("BUP", "sees that the borough has opened it, and that the GP has not yet")

    async def mother_withdraws(self) -> None:
        """The mother withdraws: the next opening is refused; what was read stays read."""
        self.teller.scene("6. The mother changes her mind")
        await self.world.mother.run("consent", "withdraw", self.discharge)
        self.teller.step("Mother", "withdraws the consent to the discharge summary: one command, no reason needed")
        why = await self.world.gp.refused("open", self.summary)
        self.teller.refused("GP", "who had not opened it, tries now", why)
        why = await self.world.borough.refused("open", self.summary)
        self.teller.refused("The borough", "tries to open it again", why)
        self.teller.note("What the borough read is read, and its copy lies in its own record; the text says so.")

    async def authority_exports(self) -> None:
        """The authority fetches the log, and that stands in the log."""
        self.teller.scene("7. The supervisory authority looks into it")
        folder = self.stage.build / "export"
        made = await self.world.supervisor.run("log", "export", str(folder), "--case", "TILSYN-2026-001")
        self.teller.step("Authority", f"fetches the log for case TILSYN-2026-001: {made['size']} entries")

    async def authority_verifies(self) -> None:
        """The authority judges the export with the server switched off."""
        folder = self.stage.build / "export"
        self.verdict = await self.world.supervisor.run(
            "log", "verify", str(folder), "--log-key", self.world.log_key, *self._receipts()
        )
        self.teller.step(
            "Authority",
            f"verifies it with the server switched off, and receipts the family kept: {self.verdict['outcome']}",
        )

    def _receipts(self) -> list[str]:
        kept = sorted((self.world.mother.home / "receipts").glob("*.txt"))
        return [word for path in kept for word in ("--receipt", str(path))]

    async def _opens(self, actor: Actor, share: str, name: str) -> Mapping[str, Any]:
        box = await actor.run("inbox")
        item = next((one for one in box["items"] if one["share"] == share), None)
        if item is None or item["title"] is None:
            raise StoryBroken(f"{name} did not find {share} in the inbox: {box}")
        folder = actor.folder / "received" / share
        opened = await actor.run("open", share, "--out", str(folder))
        pages = ", ".join(f"{Path(path).name} ({_size(Path(path))})" for path in opened["saved"])
        self.teller.step(name, f"finds «{item['title']}» about {item['child']} and opens it: {pages or 'a message'}")
        return opened

    def referral_words(self) -> tuple[str, ...]:
        """Return the words by which the GP sends the referral."""
        return (
            *("send", "--to", self._unit("bup_clinic"), "--matter", self.matter, "--child", self.world.child),
            *("--category", "referral", "--form-file", str(self.papers.referral_form)),
            *("--file", f"referral={self.papers.referral}", "--file", f"ppt-report={self.papers.ppt_report}"),
        )

    def _unit(self, name: str) -> str:
        return self.world.units[getattr(self.cast, name).name]

    def _text(self, name: str, words: str) -> Path:
        path = self.stage.build / "papers" / name
        path.write_text(words, encoding="utf-8")
        return path


def _print_papers(folder: Path, cast: Cast, own: bytes | None) -> Papers:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    papers = Papers(
        folder / "ppt-rapport.pdf",
        folder / "henvisning.pdf",
        folder / "henvisning.json",
        folder / "epikrise.pdf",
        folder / "epikrise.json",
        folder / "skolenotat.txt",
    )
    today = cast.today
    papers.ppt_report.write_bytes(ppt_report(cast, today - timedelta(days=40)) if own is None else own)
    referral = forms.referral_form(
        cast, today, care_consent="", disclosure_consent="", ppt_report=papers.ppt_report.read_bytes()
    )
    papers.referral.write_bytes(documents.referral(cast, referral))
    papers.referral_form.write_text(_json(referral), encoding="utf-8")
    discharge = forms.discharge_form(cast, today - timedelta(days=1), today, consent="")
    papers.discharge.write_bytes(documents.discharge_summary(cast, discharge))
    papers.discharge_form.write_text(_json(discharge), encoding="utf-8")
    papers.school_note.write_text("SYNTETISK. Notat fra kontaktlærer.\n", encoding="utf-8")
    return papers


def _json(form: Mapping[str, Any]) -> str:
    return json.dumps(form, ensure_ascii=False, indent=1, default=_iso)


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"not a form's value: {value!r}")


def _size(path: Path) -> str:
    return f"{path.stat().st_size // 1024} kB"


_FROM_MOTHER = "SYNTETISK. Hei, her er rapporten fra PPT som vi snakket om. Hilsen Solveig\n"
_FROM_BUP = "SYNTETISK. Takk for henvisningen. Har Nora vært til syns- og hørselskontroll det siste året?\n"
_FROM_GP = "SYNTETISK. Ja, begge deler i mai, uten funn.\n"
