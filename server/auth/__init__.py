"""Signing in and proving it with every request (RFC 7523, 9068, 9449)."""
