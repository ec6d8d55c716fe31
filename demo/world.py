"""Setting the stage: root, server, registrar, units with staff, a family, a child, a supervisor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demo import serving
from demo.actors import Actor
from demo.people import Cast, Person, Professional, Unit
from demo.telling import Teller

Invited = tuple[Actor, Actor, Person | Professional, str, str | None]
"""Who invites, who comes, as whom, in which role, to which unit."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything is."""

    build: Path
    port: int

    @property
    def server(self) -> Path:
        """Everything the server keeps."""
        return self.build / "server"

    @property
    def origin(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"

    def actor(self, name: str) -> Actor:
        """Give somebody a machine of their own."""
        return Actor(name, self.build / "people" / name)


@dataclass(frozen=True, slots=True)
class World:
    """Everybody who takes part, enrolled, and the child."""

    registrar: Actor
    gp: Actor
    bup: Actor
    bup_custodian: Actor
    former: Actor
    borough: Actor
    mother: Actor
    father: Actor
    stranger: Actor
    supervisor: Actor
    child: str
    units: dict[str, str]
    persons: dict[str, str]
    log_key: str


async def begin(stage: Stage) -> tuple[Actor, str, str]:
    """Make root and server; returns the registrar, who that is, and the log's verifier key."""
    registrar = stage.actor("registrar")
    made = await registrar.run("registrar", "init", "--server", stage.origin)
    log_key = await serving.init(stage.server, made["fingerprint"], stage.port)
    return registrar, made["person"], log_key


async def people(stage: Stage, begun: tuple[Actor, str, str], cast: Cast, teller: Teller) -> World:
    """Enrol everybody against the running server."""
    registrar, registrars_id, log_key = begun
    await registrar.run("registrar", "publish", "--log", log_key)
    teller.step("Registrar", "signs the policy with the root key: which log, which registrars, which rules")
    taking_part = (cast.gp_practice, cast.bup_clinic, cast.borough_intake)
    registered = await asyncio.gather(*(_unit(registrar, unit) for unit in taking_part))
    units = {unit.name: identifier for unit, identifier in zip(taking_part, registered, strict=True)}
    persons = {"registrar": registrars_id}
    custodians = {
        cast.gp_practice.name: cast.gp_custodian,
        cast.bup_clinic.name: cast.bup_custodian,
        cast.borough_intake.name: cast.borough_custodian,
    }
    invited: list[Invited] = [
        (registrar, stage.actor("gp-custodian"), cast.gp_custodian, "custodian", units[cast.gp_practice.name]),
        (registrar, stage.actor("bup-custodian"), cast.bup_custodian, "custodian", units[cast.bup_clinic.name]),
        (
            registrar,
            stage.actor("borough-custodian"),
            cast.borough_custodian,
            "custodian",
            units[cast.borough_intake.name],
        ),
        (registrar, stage.actor("supervisor"), cast.supervisor, "supervisor", None),
        (registrar, stage.actor("mother"), cast.mother, "person", None),
        (registrar, stage.actor("father"), cast.father, "person", None),
        (registrar, stage.actor("stranger"), cast.stranger, "person", None),
    ]
    await _enrol_all(stage, invited, persons)
    await registrar.run("registrar", "endorse")
    teller.step("Registrar", f"vouches for {len(invited)} people who enrolled with the invitations they were handed")
    staff = [
        (stage.actor("gp-custodian"), stage.actor("gp"), cast.gp, "staff", units[cast.gp_practice.name]),
        (stage.actor("bup-custodian"), stage.actor("bup"), cast.bup_clinician, "staff", units[cast.bup_clinic.name]),
        (
            stage.actor("bup-custodian"),
            stage.actor("former"),
            cast.bup_former_employee,
            "staff",
            units[cast.bup_clinic.name],
        ),
        (
            stage.actor("borough-custodian"),
            stage.actor("borough"),
            cast.borough_coordinator,
            "staff",
            units[cast.borough_intake.name],
        ),
    ]
    await _enrol_all(stage, staff, persons)
    await asyncio.gather(
        *(
            stage.actor(name).run("unit", "admit", units[unit])
            for name, unit in (
                ("gp-custodian", cast.gp_practice.name),
                ("bup-custodian", cast.bup_clinic.name),
                ("borough-custodian", cast.borough_intake.name),
            )
        )
    )
    teller.step("Custodians", f"of {', '.join(custodians)} admit their staff; each mailbox has its own key")
    child = await _child(registrar, cast.children.eight, persons)
    teller.step("Registrar", f"registers {cast.children.eight.name}: both parents hold parental responsibility")
    return World(
        registrar=registrar,
        gp=stage.actor("gp"),
        bup=stage.actor("bup"),
        bup_custodian=stage.actor("bup-custodian"),
        former=stage.actor("former"),
        borough=stage.actor("borough"),
        mother=stage.actor("mother"),
        father=stage.actor("father"),
        stranger=stage.actor("stranger"),
        supervisor=stage.actor("supervisor"),
        child=child,
        units=units,
        persons=persons,
        log_key=log_key,
    )


async def _unit(registrar: Actor, unit: Unit) -> str:
    made = await registrar.run(
        *("unit", "create", "--name", unit.name, "--entity", unit.name.split(",")[0]),
        *("--organisation", unit.organisation.text, "--regime", unit.regime),
    )
    identifier: str = made["unit"]
    return identifier


async def _enrol_all(stage: Stage, invited: Sequence[Invited], persons: dict[str, str]) -> None:
    """Hand out the invitations, then let everybody enrol at the same time."""
    slips = stage.build / "slips"
    slips.mkdir(mode=0o700, exist_ok=True)
    await asyncio.gather(*(_invite(slips, one) for one in invited))
    made = await asyncio.gather(
        *(actor.run("enrol", "--slip-file", str(slips / actor.name)) for _, actor, *_ in invited)
    )
    persons.update({actor.name: answer["person"] for (_, actor, *_), answer in zip(invited, made, strict=True)})


async def _invite(slips: Path, one: Invited) -> None:
    inviter, actor, who, role, unit = one
    words = ["invite", "--role", role, "--out", str(slips / actor.name)]
    words += [] if unit is None else ["--unit", unit]
    words += ["--name", who.name] if isinstance(who, Professional) and role != "person" else []
    await inviter.run(*words)


async def _child(registrar: Actor, child: Person, persons: dict[str, str]) -> str:
    guardians = [word for name in ("mother", "father") for word in ("--guardian", persons[name])]
    made = await registrar.run(
        *("registrar", "child", "--birth-date", child.born.isoformat(), *guardians, "--responsibility", "joint"),
        given=f"{child.name}\n{child.national_id.text}\n",
    )
    identifier: str = made["subject"]
    return identifier
