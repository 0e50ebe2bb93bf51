"""What is kept, for how long: erasing on the clock and on demand, signed records of it, encrypted backups.

`record` says what was erased, `words` takes names and words from the journal, `rows` takes the rest, `sweep` runs the
clocks; `backup` and `restore` keep a copy elsewhere.
"""
