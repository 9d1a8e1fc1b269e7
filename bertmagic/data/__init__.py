"""A user's object becomes checked columns, cached tokens and batches.

`tables` reads rows from any source, `columns` finds the text and the label, `checks` says what is wrong with them,
`split` holds rows out, `tokenization` and `batches` prepare them for a model; `samples` are the embedded data sets.
"""
