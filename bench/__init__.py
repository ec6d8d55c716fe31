"""Measurements: Fortrolig beside programs that people already trust, and the floor that the machine sets under both."""
