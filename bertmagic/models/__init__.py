"""Encoders: which there are, loading and saving them, devices and number formats.

`catalogue` names them, `weights` finds them on disk or on the hub, `loading` makes models of them, `saving` writes
them, `devices` chooses where and how they compute; `fast` makes them faster.
"""
