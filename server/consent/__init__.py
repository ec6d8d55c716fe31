"""Consents: request, sign, refuse, object, hear, withdraw, list (store -> actions -> routes)."""
