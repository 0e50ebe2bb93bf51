"""Pieces of the page; what goes into them is escaped already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names, each with its value."""
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{value}</dd>' for name, value in rows)}</dl>"


def bullets(items: Iterable[str]) -> str:
    """A list."""
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table; `numbers`: the columns that are set to the right."""

    def cell(column: int, text: str) -> str:
        return f'<td class="number">{text}</td>' if column in numbers else f"<td>{text}</td>"

    titles = "".join(
        f'<th scope="col"{" class=" + chr(34) + "number" + chr(34) if k in numbers else ""}>{text}</th>'
        for k, text in enumerate(head)
    )
    body = "\n".join(f"<tr>{''.join(cell(k, text) for k, text in enumerate(row))}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'
