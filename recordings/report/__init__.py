"""The report: what a bundle of evidence says, for a court to read, in English, French or Spanish.

`words` holds every sentence in every language, `language` forms numbers, times and sentences, `figures` draws plan and
residuals (SVG), `rounds` takes from a bundle what the report tells of each round, `document` puts the page together
(HTML), `printed` makes a PDF of it.
"""
