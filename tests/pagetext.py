"""A page as lines that a person can read: what it shows, in order, without its looks.

A line is a block of the page, its tag first; cells of a row are parted by bars. Controls, links
and charts are named in brackets. Scripts, styles, ids and classes are left out.
"""

from __future__ import annotations

from html.parser import HTMLParser

UNSEEN = frozenset({"script", "style", "svg", "title"})
BLOCKS = frozenset({"h1", "h2", "h3", "h4", "p", "li", "tr", "pre", "summary", "dt", "dd"}) | {
    "figcaption", "caption", "blockquote", "legend", "label",
}  # fmt: skip
CELLS = frozenset({"td", "th"})


class _Lines(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.tag, self.words, self.unseen = "", "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.unseen += tag in UNSEEN
        if tag in BLOCKS:
            self.end()
            self.tag = tag
        elif tag in CELLS:
            self.words += " | "
        for key in ("href", "data-charts", "alt", "aria-label", "placeholder"):
            if given.get(key):
                self.words += f" [{tag} {key}: {given[key]}] "

    def handle_endtag(self, tag: str) -> None:
        self.unseen -= tag in UNSEEN
        if tag in BLOCKS:
            self.end()

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.words += data

    def end(self) -> None:
        text = " ".join(self.words.split()).removeprefix("| ")
        if text:
            self.lines.append(f"{self.tag or '-'}: {text}")
        self.tag, self.words = "", ""


def page_text(html: str) -> str:
    """The lines of a page."""
    found = _Lines()
    found.feed(html)
    found.close()
    found.end()
    return "\n".join(found.lines) + "\n"
