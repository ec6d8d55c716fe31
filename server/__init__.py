"""The aiohttp server: keeps and enforces, and can neither seal nor unseal."""
