"""What nodes reported, located anew with other settings: `anew` does it for the command and for the page, whose replays
run in a process of their own (`child`), one at a time (`running`).
"""
