"""Consent: the terms people sign, the rules of law as data, and the one function that decides.

`terms` is what is signed, `case` is everything known, `law` says who must act, `decide` answers. All of it is pure:
time comes in as an argument, and the rules are the only file that is read.
"""
