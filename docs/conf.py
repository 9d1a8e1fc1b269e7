"""The site: ``make docs``. Its source is the whole project, so that pages link to notebooks as they do on GitHub.

The Chinese site (``-t zh``) has the same pages under a Chinese front page, with the words of the theme in Chinese.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from navigation import FRONT, toctrees

site = "zh" if tags.has("zh") else "en"  # noqa: F821  # Sphinx defines it

project = "bertmagic"
language = {"en": "en", "zh": "zh_CN"}[site]
html_title = {"en": "bertmagic", "zh": "bertmagic 中文文档"}[site]
root_doc = FRONT[site]

include_patterns = ["docs/**", "notebooks/*.ipynb", "CONTRIBUTING.md", "CHANGELOG.md"]
exclude_patterns = ["docs/_site", "**/.ipynb_checkpoints", ".*", {"en": "docs/*.zh.md", "zh": "docs/index.md"}[site]]

extensions = ["myst_nb"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # the notebooks hold the outputs of a run, and the tests run them again
nb_ipywidgets_js = {}  # live views need a kernel; the static output above each one stays
nitpicky = True
suppress_warnings = [
    "mystnb.unknown_mime_type",  # plotly's: the table and the picture of the same output are shown
    "misc.highlighting_failure",  # the body of a magic is text, not Python
]

html_theme = "furo"
html_show_sourcelink = False
html_copy_source = False
html_extra_path = ["llms.txt"]
html_theme_options = {"navigation_with_keys": True}

OTHER = {
    "en": ("[中文](index.zh.md)", '<a href="../../zh/docs/index.zh.html">中文</a>'),
    "zh": ("[English](index.md)", '<a href="../../en/docs/index.html">English</a>'),
}[site]
"""The link to the front page in the other language, in the source and between both sites."""


def complete(app, name, source):
    """Give a front page its navigation, and its link to the other site."""
    if name == root_doc:
        source[0] = f"{source[0].replace(*OTHER)}\n\n{toctrees(site)}\n"


def setup(app):
    """Called by Sphinx."""
    app.connect("source-read", complete)
