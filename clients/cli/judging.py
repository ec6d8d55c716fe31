"""By which log something is judged offline: the key that somebody gives, or the policy that the home keeps."""

from __future__ import annotations

from clients.cli.session import Session
from clients.sdk import policy
from clients.sdk.errors import Misused
from protocol.log.checkpoint import BadCheckpoint, LogPolicy
from protocol.log.note import BadNote, Verifier


def judge_by(session: Session, log_key: str | None) -> LogPolicy:
    """Return whose log it must be: by the key that was got elsewhere, else by the root's policy, verified anew.

    Raises:
        Misused: the key is none, or there is neither.
    """
    return _kept_policy(session) if log_key is None else _named_policy(log_key)


def _named_policy(log_key: str) -> LogPolicy:
    try:
        return LogPolicy(Verifier.parse(log_key).name, log_key)
    except (BadNote, BadCheckpoint) as error:
        raise Misused("bad-log-key", f"This is not a log's verifier key: {error}") from error


def _kept_policy(session: Session) -> LogPolicy:
    kept = policy.kept(session.home)
    if kept is None:
        raise Misused(
            "no-log-key",
            f"{session.home} keeps no policy to judge by. Give --log-key: `server init` and `log export` show it; "
            "get it from somebody whom you trust, not from the export.",
            path=session.home,
        )
    return kept.log
