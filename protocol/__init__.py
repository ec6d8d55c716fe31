"""What server and clients must agree on: pure, typed, no I/O, no clock, no randomness."""
