"""What a process with Keras does: it builds a network from its description, saves it, loads it again and computes.

The process is started by `bertmagic.export.keras.process`; this file imports nothing of bertmagic or PyTorch.

python program.py FOLDER    # reads architecture.json and weights.npz there, writes `encoder` and `head.keras`

Then arrays of token ids come in, and two arrays go out for each: what the encoder gives, and the logits.
"""

from __future__ import annotations

import io
import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main(folder: Path) -> None:
    """Write the model, then answer until the input ends."""
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what TensorFlow prints must not come between the arrays
    write(folder)
    (folder / "weights.npz").unlink()  # as large as the model
    compute = loaded(folder)
    send(outgoing, np.zeros(0, np.float32))
    while head := incoming.read(8):
        ids = np.load(io.BytesIO(incoming.read(struct.unpack("<q", head)[0])), allow_pickle=False)
        for values in compute(ids):
            send(outgoing, values)


def send(stream: Any, values: Any) -> None:
    """Write an array with its length before it."""
    content = io.BytesIO()
    np.save(content, values, allow_pickle=False)
    stream.write(struct.pack("<q", content.tell()) + content.getvalue())
    stream.flush()


def write(folder: Path) -> None:
    """Save the encoder as a folder, and its head as a file if it has one."""
    import keras

    known = json.loads((folder / "architecture.json").read_text("utf-8"))
    with np.load(folder / "weights.npz", allow_pickle=False) as weights:
        made = encoder(known)
        fill(made, weights)
        made.save(folder / "encoder", zipped=False)
        if known["head"]:
            head = keras.Sequential(
                [
                    keras.Input((known["width"],) if known["pooled"] else (None, known["width"])),
                    keras.layers.Dropout(known["head"]["dropout"], name="head_dropout"),
                    keras.layers.Dense(known["head"]["outputs"], known["head"]["activation"], name="head"),
                ],
                name="classifier",
            )
            fill(head, weights)
            head.save(folder / "head.keras")


def loaded(folder: Path) -> Any:
    """Return the function from ids to what the saved model gives: loaded as a user of TensorFlow does."""
    import tensorflow as tf

    body = tf.keras.models.load_model(folder / "encoder")
    head = tf.keras.models.load_model(folder / "head.keras") if (folder / "head.keras").exists() else None
    if head is not None:
        head.layers[-1].activation = tf.keras.activations.linear

    def compute(ids: Any) -> tuple[Any, Any]:
        values = body(ids, training=False)
        logits = np.zeros(0, np.float32) if head is None else np.asarray(head(values, training=False))
        return np.asarray(values), logits

    return compute


def fill(model: Any, weights: Any) -> None:
    """Set the weights of the layers: ``NAME/0``, ``NAME/1`` … in the order of Keras."""
    for layer in model.layers:
        layer.set_weights([weights[f"{layer.name}/{at}"] for at in range(len(layer.weights))])


def encoder(known: dict[str, Any]) -> Any:
    """Return the encoder: from ids ``(rows, tokens)`` to the pooled output, or to a vector of each token."""
    import keras
    from keras import layers, ops

    ids = keras.Input((None,), dtype="int32", name="input_ids")
    given = ops.cast(ops.not_equal(ids, known["pad_id"]), "int32")
    behind = ops.flip(ops.cumsum(ops.flip(given, axis=1), axis=1), axis=1)  # a padding token inside a text is read
    read = ops.greater(behind, 0)
    real = ops.expand_dims(read, axis=1)
    x = embeddings(known, ids, given, ops.cast(read, "int32"))
    dropout, width, heads = known["dropout"], known["width"], known["heads"]
    for at in range(known["layers"]):
        attention = layers.MultiHeadAttention(
            heads, width // heads, dropout=known["attention_dropout"], name=f"attention_{at}"
        )
        y = attention(x, x, attention_mask=real)
        y = layers.Dropout(dropout, name=f"attention_dropout_{at}")(y)
        x = norm(known, f"attention_norm_{at}")(layers.Add(name=f"attention_add_{at}")([x, y]))
        y = layers.Dense(known["intermediate"], known["activation"], name=f"intermediate_{at}")(x)
        y = layers.Dense(width, name=f"output_{at}")(y)
        y = layers.Dropout(dropout, name=f"output_dropout_{at}")(y)
        x = norm(known, f"output_norm_{at}")(layers.Add(name=f"output_add_{at}")([x, y]))
    if known["pooled"]:
        x = x[:, 0]
    if known["pooler"]:
        x = layers.Dense(width, known["pooler"], name="pooler")(x)
    return keras.Model(ids, x, name=known["name"])


def embeddings(known: dict[str, Any], ids: Any, given: Any, read: Any) -> Any:
    """Return the sum of the embeddings of words, positions and segments, normalized.

    ``given`` has 1 where an id is not that of padding, ``read`` 1 up to the last of these.
    """
    from keras import layers, ops

    if known["positions_from"]:  # RoBERTa numbers the tokens that are not padding, from there on
        positions = ops.cumsum(given, axis=1) * given + (known["positions_from"] - 1)
    else:
        positions = ops.cumsum(ops.ones_like(ids), axis=1) - 1
    width = known["embedding_width"]
    parts = [
        layers.Embedding(known["vocabulary"], width, name="word_embeddings")(ids),
        layers.Embedding(known["positions"], width, name="position_embeddings")(positions),
    ]
    if known["segments"]:
        ends = ops.cast(ops.equal(ids, known["separator"]), "int32")
        second = ops.cast(ops.greater(ops.cumsum(ends, axis=1) - ends, 0), "int32") * read
        second = second * known["pairs"]  # 0 for a model that reads single texts: they may name a separator
        parts.append(layers.Embedding(known["segments"], width, name="segment_embeddings")(second))
    x = norm(known, "embeddings_norm")(layers.Add(name="embeddings_add")(parts))
    x = layers.Dropout(known["dropout"], name="embeddings_dropout")(x)
    if width != known["width"]:
        x = layers.Dense(known["width"], name="embeddings_projection")(x)
    return x


def norm(known: dict[str, Any], name: str) -> Any:
    """Return a layer normalization."""
    from keras import layers

    return layers.LayerNormalization(epsilon=known["epsilon"], name=name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
