"""Shares, envelopes, openings, uploads and held drafts: rows without rules."""
