"""Evidence: one file an event, which anyone can check and recompute without the centre that made it.

`contents` says what is in it, `bundle` writes and reads the file, `verify` checks it, `sealed` keeps the places on the
globe for a named person.
"""
