"""`server init`: a data directory with its keys and the empty log."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from server.audit.keyfiles import init_log
from server.auth.tokens import create_key
from server.config import CONFIG_FILE, BadConfig, Settings, load
from server.database.files import create_private, replace_private, sync_directory

if TYPE_CHECKING:
    from pathlib import Path

_FORMAT = {"v": 1}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is fixed when a server begins; `root` is the root key's fingerprint, `log_origin` follows from `origin`."""

    root: str
    origin: str
    log_origin: str | None = None
    host: str | None = None
    port: int | None = None
    database_url: str | None = None


def add_witness(data: Path, url: str, key: str) -> Settings:
    """Name a witness in a data directory's settings; its key again replaces its address.

    Raises:
        BadConfig: not a data directory, or no witness's address and key. Nothing was changed then.
    """
    others = [each.model_dump() for each in load(data).witnesses if each.key != key]
    witnesses = [*others, {"url": url, "key": key}]
    found = load(data, witnesses=witnesses)
    kept = json.loads((data / CONFIG_FILE).read_text("utf-8")) | {"witnesses": witnesses}
    replace_private(data / CONFIG_FILE, json.dumps(kept, indent=2).encode())
    return found


def initialise(data: Path, chosen: Chosen) -> tuple[Settings, str]:
    """Make a data directory (0700) with its keys, an empty log and settings; give those and the log's verifier key.

    The settings are written last: a directory without them is none.

    Raises:
        BadConfig: the directory is not empty, or a choice is not acceptable.
    """
    kept = {name: value for name, value in asdict(chosen).items() if value is not None}
    kept["log_origin"] = chosen.log_origin or f"{urlsplit(chosen.origin).netloc}/log"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(data.iterdir()):
        raise BadConfig(f"{data} is not empty: a server begins in a directory of its own")
    data.chmod(0o700)
    try:
        Settings(data=data, **kept)
    except ValueError as fault:
        raise BadConfig(
            "the root must be 64 hex digits, the origin an address like https://fortrolig.example"
        ) from fault
    verifier = init_log(data, kept["log_origin"])
    create_key(data)
    create_private(data / CONFIG_FILE, json.dumps(_FORMAT | kept, indent=2).encode())
    sync_directory(data)
    return load(data), verifier
