"""What holds for every test: a busy machine is not a wrong answer, and nothing leaves this machine."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


class LeftTheMachine(AssertionError):
    """A test tried to reach another machine."""


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """Refuse every connection but to loopback and to local sockets."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def checked(method: Any) -> Any:
        def call(self: socket.socket, address: Any, /) -> Any:
            if isinstance(address, tuple) and not _is_loopback(str(address[0])):
                raise LeftTheMachine(f"a test connects to {address[0]}")
            return method(self, address)

        return call

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", checked(connect))
    patch.setattr(socket.socket, "connect_ex", checked(connect_ex))
    yield
    patch.undo()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their length: keys are made when tests run, and two processes must agree on every test's name."""
    return f"{argname}-{len(val)}-bytes" if isinstance(val, bytes) else None
