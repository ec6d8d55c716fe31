"""Everything that gives power is signed: the kinds of statement, each with its typed body.

`base` holds what all statements share; `identity`, `consent` and `share` hold the kinds.
"""
