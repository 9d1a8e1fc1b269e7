"""Choosing before training: a learning rate, a search over ranges, what a run will take, which model suits the data.

`results` has what comes of it, as plain values. `rates` finds a learning rate, `search` trains with the values of a
study of Optuna, `calibration` and `estimates` say what a run will take, `advice` ranks the catalogue for a data set.
"""
