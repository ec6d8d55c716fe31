"""The log: every action runs inside its group commit, and nothing is acknowledged before its entry is durable."""
