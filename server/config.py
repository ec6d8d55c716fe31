"""Settings of one server: from its data directory's `server.json`, overridden by `FORTROLIG_…` in the environment."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from protocol.log.note import BadNote, KeyType, Verifier

CONFIG_FILE: Final = "server.json"
_PREFIX: Final = "FORTROLIG_"
_ORIGIN: Final = r"^https?://[a-z0-9.\-\[\]:]+$"


class BadConfig(Exception):
    """The data directory is not one that `server init` made, or a setting is not acceptable."""


class WitnessAt(BaseModel):
    """An independent witness of the log: the address before `/add-checkpoint`, and its verifier key text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~/-]*)?$")]
    key: str

    @field_validator("key")
    @classmethod
    def _is_a_witness(cls, key: str) -> str:
        try:
            if Verifier.parse(key).type is KeyType.COSIGNATURE:
                return key
        except BadNote as error:
            raise ValueError(str(error)) from error
        raise ValueError("a witness's key is of type 4")

    @property
    def name(self) -> str:
        """What the witness calls itself."""
        return Verifier.parse(self.key).name


class Settings(BaseSettings):
    """Everything that may differ between two servers.

    `origin` is the address that clients call (`https://fortrolig.example`), without a path; None is for loopback only,
    where the address is taken from the request. `root` is the fingerprint of the root key, got by hand (64 hex digits).
    Sizes are bytes, times seconds. `notice_file` is where a line is written for each person for whom something waits,
    for another program to send on as an e-mail or SMS; without it nobody is told outside this system. `witnesses` are
    handed the log's latest checkpoint every `witness_seconds` while there is news.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    data: Path
    database_url: SecretStr | None = None
    origin: Annotated[str, Field(pattern=_ORIGIN)] | None = None
    log_origin: Annotated[str, Field(pattern=r"^[!-*,-~]{1,200}$")] = "fortrolig.invalid/log"
    root: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8470
    metrics_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"

    clock_skew: Annotated[int, Field(ge=0, le=300)] = 300
    token_seconds: Annotated[int, Field(ge=30, le=600)] = 600
    most_running: Annotated[int, Field(ge=1)] = 2_000
    stop_seconds: Annotated[float, Field(gt=0, le=300)] = 20.0
    file_limit: Annotated[int, Field(ge=1)] = 200_000_000
    quota: Annotated[int, Field(ge=1)] = 2_000_000_000
    upload_hours: Annotated[int, Field(ge=1)] = 24
    reserve: Annotated[int, Field(ge=0)] = 64_000_000
    notice_file: Path | None = None
    witnesses: Annotated[tuple[WitnessAt, ...], Field(max_length=32)] = ()
    witness_seconds: Annotated[float, Field(gt=0, le=3600)] = 10.0

    @property
    def database(self) -> Path | str:
        """Where the rows are: a file in the data directory, unless a URL says otherwise."""
        return self.data / "server.db" if self.database_url is None else self.database_url.get_secret_value()

    @property
    def content(self) -> Path:
        """Where ciphertexts lie."""
        return self.data / "content"


SETTINGS: web.AppKey[Settings] = web.AppKey("settings", Settings)


def load(data: Path, **given: Any) -> Settings:
    """Read the settings of a data directory; `given` comes before the environment, that before the file.

    Raises:
        BadConfig: no such file, not JSON, or a value that is not acceptable.
    """
    path = data / CONFIG_FILE
    try:
        kept = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as fault:
        raise BadConfig(f"{path} is missing: `fortrolig server init` makes it") from fault
    except ValueError as fault:
        raise BadConfig(f"{path} is not JSON") from fault
    if not isinstance(kept, dict) or kept.pop("v", None) != 1:
        raise BadConfig(f"{path} is not of version 1: update this program")
    beneath = {name: value for name, value in kept.items() if f"{_PREFIX}{name.upper()}" not in os.environ}
    try:
        return Settings(data=data, **{**beneath, **given})
    except ValidationError as fault:
        # Values stay out of the text: one of them may be the database's password.
        names = sorted({".".join(map(str, each["loc"])) for each in fault.errors(include_input=False)})
        raise BadConfig(f"not acceptable in {path} or the environment: {', '.join(names)}") from None
