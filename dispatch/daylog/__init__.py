"""The day's log (main courante): what happened on a local day, as CSV, HTML and PDF, in English or French."""
