"""The log: what a leaf is, how leaves are proved, signed, kept as receipts and judged as an export."""
