"""Writers of blocks: plain text, HTML, Markdown and LaTeX."""
