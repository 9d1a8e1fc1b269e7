"""The files of an exported folder that compute its answers: ``predict.py``, and a task's ``decoding.py``.

They are copied as they are and import nothing of bertmagic, PyTorch or transformers.
"""
