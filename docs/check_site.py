"""Check a built site: every link between pages leads somewhere, and nothing is loaded from another server."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """The anchors, links and loaded files of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = {""}
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        known = {name: value or "" for name, value in attrs}
        self.anchors |= {known[name] for name in ("id", "name") if name in known}
        if tag == "a" and "href" in known:
            self.links.append(known["href"])
        if tag in LOADED and LOADED[tag] in known:
            self.loaded.append(known[LOADED[tag]])


def faults(root: Path) -> list[str]:
    """Return what is wrong with the site in a folder, a line for each fault."""
    pages = {path.resolve(): Page(path) for path in root.rglob("*.html")}
    wrong = []
    for path, page in pages.items():
        for address in [*page.links, *page.loaded]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if address in page.loaded and parts.scheme != "data":
                    wrong.append(f"{path}: loads {address}")
                continue
            place, anchor = urldefrag(address)
            target = (path.parent / unquote(urlsplit(place).path)).resolve() if place else path
            if not target.is_file():
                wrong.append(f"{path}: {address} leads nowhere")
            elif target in pages and unquote(anchor) not in pages[target].anchors:
                wrong.append(f"{path}: {address} has no such anchor")
    sheets = {sheet: sheet.read_text(encoding="utf-8") for sheet in root.rglob("*.css")}
    foreign = ("url(http", 'url("http', "@import")
    return wrong + [
        f"{sheet}: loads from another server" for sheet, text in sheets.items() if any(map(text.count, foreign))
    ]


if __name__ == "__main__":
    found = faults(Path(sys.argv[1]))
    print("\n".join(found))
    sys.exit(bool(found))
