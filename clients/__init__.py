"""What people and other systems use: the SDK, the command line, PDF cleaning."""
