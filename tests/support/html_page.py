"""A page taken apart with the standard library: tables, texts, and what a browser would load."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_LOADS = {"src", "href", "srcset", "data", "poster", "action", "background", "xlink:href"}
_SILENT = {"script", "style"}


@dataclass(slots=True)
class Page:
    """What stands on a page. Tables are lists of rows of cell texts, headings included."""

    tables: list[list[list[str]]] = field(default_factory=list)
    text: str = ""
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    loads: list[tuple[str, str, str]] = field(default_factory=list)
    """(tag, attribute, value)"""
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def rows(self, label: str) -> list[list[str]]:
        """Rows of any table whose first cell begins with ``label``."""
        return [row for table in self.tables for row in table if row and row[0].startswith(label)]

    def classes(self, name: str) -> int:
        """How many tags have a class."""
        return sum(name in attributes.get("class", "").split() for _, attributes in self.tags)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._silent: str | None = None
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.page.tags.append((tag, attributes))
        self.page.loads += [(tag, name, value) for name, value in attributes.items() if name in _LOADS]
        if tag in _SILENT:
            self._silent = tag
            (self.page.scripts if tag == "script" else self.page.styles).append("")
        elif tag == "table":
            self.page.tables.append([])
        elif tag == "tr":
            self.page.tables[-1].append([])
        elif tag in ("td", "th"):
            self._in_cell = True
            self.page.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = None
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._silent:
            (self.page.scripts if self._silent == "script" else self.page.styles)[-1] += data
            return
        self.page.text += data
        if self._in_cell:
            self.page.tables[-1][-1][-1] += data


def read_page(html: str) -> Page:
    """Take a page apart."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page
