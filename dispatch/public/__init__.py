"""The page for residents: zones, months, outcomes, deletions, accesses; nothing finer than a zone and a month."""
