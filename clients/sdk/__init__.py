"""The async Python client: every step of a share, used by the CLI, the tests and integrations."""
