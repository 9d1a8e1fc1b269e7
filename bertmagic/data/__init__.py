"""A user's object becomes checked columns, cached tokens and batches.

`tables` reads the rows, `columns` finds the text and the label, `checks` finds what is wrong with them, `split` holds
rows out, `tokenization`, `cache` and `batches` prepare them for a model; `samples` are the data sets of the package.
"""
