"""An independent witness: cosigns the checkpoints of logs that it knows, and never two that contradict each other.

It runs apart from every server, with a folder, a key and a port of its own, and sees checkpoints only: sizes and
roots, no entries. `folder` keeps, `app` answers, `__main__` is the command behind `fortrolig witness`.
"""
