"""Shares, held shares, uploads, receiving, opening, downloads (store -> actions -> routes)."""
