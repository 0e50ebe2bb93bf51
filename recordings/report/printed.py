"""The report as a PDF, made of its page by WeasyPrint."""

from __future__ import annotations

import hashlib

from acoustic.errors import ResourceError


def report_pdf(html: str) -> bytes:
    """The page as a tagged PDF; the same bytes for the same page, fonts and libraries. Raises ResourceError where
    WeasyPrint or what it needs is not installed.
    """
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as error:
        raise ResourceError(
            "a PDF needs WeasyPrint (pip install 'tocsin[report]') and Debian's libpango-1.0-0, libpangoft2-1.0-0 and "
            "libharfbuzz-subset0; --out FILE.html needs neither"
        ) from error
    identity = hashlib.sha256(html.encode()).digest()[:16]
    pdf = HTML(string=html).write_pdf(pdf_identifier=identity, pdf_tags=True)
    return bytes(pdf)
