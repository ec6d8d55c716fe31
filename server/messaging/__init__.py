"""Conversations: shares in a matter between a fixed set of parties, and what is unread (store -> actions -> routes)."""
