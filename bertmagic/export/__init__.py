"""Models as folders that run without bertmagic and PyTorch: the network, the tokenizer, and a small program.

`graph` and `quantization` make the file of the network, `parity` compares it with the model, `folder` writes what lies
beside it; `formats` knows which formats there are. ``runner`` has the program, which is copied as it is.
"""
