"""Cryptographic primitives, each chosen in DESIGN §4; the only package that imports `cryptography` or `jose`."""
