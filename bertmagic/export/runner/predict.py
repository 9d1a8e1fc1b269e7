"""The answers of a fine-tuned model, without PyTorch: this needs numpy, tokenizers, and what runs the network.

python predict.py "a text" "another text"     # an answer in each line, as JSON
python predict.py --file texts.txt            # a text in each line; a pair is two texts with ` ||| ` between them
python predict.py < texts.txt

predict = runpy.run_path("FOLDER/predict.py")["predict"]
predict(["a text", "another text"])           # a pair is a tuple of two texts
"""

from __future__ import annotations

import hashlib
import json
import runpy
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

FOLDER = Path(__file__).resolve().parent
MODEL = json.loads((FOLDER / "model.json").read_text("utf-8"))
READING = runpy.run_path(str(FOLDER / "reading.py"))  # texts_of, samples
DECODING = runpy.run_path(str(FOLDER / "decoding.py"))  # decode
BUDGET = 4096
"""Padded tokens of a batch."""


@cache
def network() -> Any:
    """Return the function from inputs to logits, once it is sure that the files are those of the export."""
    for name, digest in MODEL["sha256"].items():
        with (FOLDER / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise SystemExit(f"{FOLDER / name} was changed after the export: export the model again.")
    path = str(FOLDER / MODEL["network"])
    if MODEL["format"] == "keras":
        import tensorflow as tf

        encoder, head = map(tf.keras.models.load_model, (FOLDER, FOLDER / "head.keras"))
        head.layers[-1].activation = tf.keras.activations.linear  # logits, which the answers are made of
        return lambda inputs: np.asarray(head(encoder(inputs["input_ids"], training=False), training=False))
    if path.endswith(".onnx"):
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return lambda inputs: session.run(None, inputs)[0]
    import openvino

    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda inputs: compiled(inputs)[0]


@cache
def tokenizer() -> Tokenizer:
    """Return the tokenizer."""
    return Tokenizer.from_file(str(FOLDER / "tokenizer.json"))


def logits(samples: list[Any]) -> list[Any]:
    """Return the outputs of each sample; samples of similar length go through the network together."""
    outputs: list[Any] = [None] * len(samples)
    order = sorted(range(len(samples)), key=lambda at: -len(samples[at][0]))
    while order:
        longest = len(samples[order[0]][0])
        many = max(1, BUDGET // longest)
        batch, order = order[:many], order[many:]
        ids, mask, types = np.zeros((3, len(batch), longest), np.int64)
        ids[:] = MODEL["pad_id"]
        for line, (tokens, second) in enumerate(samples[at] for at in batch):
            ids[line, : len(tokens)] = [number for number, _ in tokens]
            mask[line, : len(tokens)] = 1
            types[line, second or longest : len(tokens)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        values = network()({name: inputs[name] for name in MODEL["inputs"]})
        for at, of_sample in zip(batch, values, strict=True):
            outputs[at] = of_sample[: len(samples[at][0])] if of_sample.ndim == 2 else of_sample
    return outputs


def predict(given: list[Any]) -> list[Any]:
    """Return the answer to each text, pair or list of words, as a dictionary; None where there is no text."""
    texts = [READING["texts_of"](one, MODEL["texts"]) for one in given]
    samples = [READING["samples"](pair, tokenizer(), MODEL) if pair else [] for pair in texts]
    outputs = iter(logits([sample for of_text in samples for sample in of_text]))
    return [
        DECODING["decode"](one, pair, of_text, [next(outputs) for _ in of_text], MODEL) if pair else None
        for one, pair, of_text in zip(given, texts, samples, strict=True)
    ]


def main(words: list[str]) -> None:
    """Print the answer to each text of the command line, or to each line of a file or of the standard input."""
    if not words or words[0] == "--file":
        words = (Path(words[1]).read_text("utf-8") if words else sys.stdin.read()).splitlines()
    for answer in predict(words):
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
