"""How the report looks, on a screen and on A4."""

STYLE = """
:root { --ink: #1c2026; --soft: #5d6671; --line: #c3c8ce; --accent: #0072b2 }
html { font: 10.5pt/1.45 "Liberation Serif", "Times New Roman", Times, serif; color: var(--ink); background: #fff }
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem }
h1, h2, h3, table, dt, figcaption, .under, .small { font-family: "Liberation Sans", Arial, Helvetica, sans-serif }
h1 { font-size: 21pt; line-height: 1.2; margin: 0 }
.under { color: var(--soft); margin: .2rem 0 1.2rem }
section { counter-increment: section }
h2 { font-size: 14pt; margin: 1.8rem 0 .5rem; padding-top: .5rem; border-top: 2px solid var(--accent) }
h2::before { content: counter(section) ". " }
h3 { font-size: 11pt; margin: 1.1rem 0 .4rem }
p { margin: .4rem 0 }
ul { margin: .4rem 0; padding-left: 1.2rem }
li { margin: .15rem 0 }
dl { display: grid; grid-template-columns: 11rem 1fr; gap: .25rem .8rem; margin: .6rem 0 }
dt { font-size: 8.5pt; color: var(--soft); padding-top: .12rem }
dd { margin: 0; min-width: 0 }
dl.commands { display: block }
dl.commands dt { color: var(--ink); font-size: 10pt; margin-top: .4rem }
dl.commands dd { margin-left: 1.2rem }
code { font: 8.5pt "Liberation Mono", "Courier New", monospace; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-size: 8.5pt; line-height: 1.3; margin: .6rem 0;
  font-variant-numeric: tabular-nums }
th { text-align: left; font-weight: bold; border-bottom: 1.5px solid var(--ink); vertical-align: bottom }
th, td { padding: .22rem .9rem .22rem 0; overflow-wrap: break-word }
th:last-child, td:last-child { padding-right: 0 }
td code, .whole { white-space: nowrap }
td { border-bottom: .5px solid var(--line); vertical-align: top }
th.number, td.number { text-align: right }
figure { margin: .8rem 0 }
svg { display: block; width: 100%; height: auto }
figcaption, .small { font-size: 8.5pt; color: var(--soft) }
.note { border-left: 3px solid var(--accent); padding-left: .7rem }
.wrong { border: 2px solid var(--ink); padding: .3rem .8rem; margin: .8rem 0 }
.wrong p { font-weight: bold }
@media screen { .wide { overflow-x: auto } }
@media print {
  body { max-width: none; margin: 0; padding: 0 }
  h2, h3, dt { break-after: avoid }
  tr, li, figure, .wrong { break-inside: avoid }
  thead { display: table-header-group }
  tbody tr:nth-child(-n + 2), li:first-child { break-after: avoid }
  tbody tr:last-child, li:last-child { break-before: avoid }
  p { orphans: 3; widows: 3 }
}
@page { size: A4; margin: 20mm 20mm 22mm; @bottom-right { font: 8pt "Liberation Sans", Arial, sans-serif } }
"""
