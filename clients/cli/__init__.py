"""The command `fortrolig`."""
