"""Where handlers find the writer and the database of their application."""

from __future__ import annotations

from aiohttp import web

from server.audit.writer import Writer
from server.database.engine import Database

WRITER: web.AppKey[Writer] = web.AppKey("writer", Writer)
DATABASE: web.AppKey[Database] = web.AppKey("database")
