"""One module a verb: puts tasks, training, inference and evaluation together; no HTML, no IPython."""
