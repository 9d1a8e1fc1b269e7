"""What an exported folder says about itself."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from bertmagic.models.card import escaped_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bertmagic.export.formats import Format
    from bertmagic.export.result import Export


def requirements(chosen: Format) -> str:
    """Return the packages that run an export, with the versions that it was checked with."""
    return "".join(f"{name}=={_version(name)}\n" for name in ("numpy", "tokenizers", chosen.runs_by))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # TensorFlow has several packages
        return version(f"{name}-cpu")


def text(result: Export, manifest: Mapping[str, Any]) -> str:
    """Return the README of an export: what it is, how to run it, and what was compared."""
    example = '"a text ||| another text"' if manifest["texts"] == 2 else '"a text"'
    labels = ", ".join(map(str, manifest.get("labels", ())[:20]))
    about = [f"Encoder: {manifest['encoder']}. Task: {manifest['task']}."]
    about += [f"Labels: {labels}{' …' if len(manifest['labels']) > 20 else ''}."] if labels else []
    rows = f", and {result.kept:.1%} of {result.rows:,} rows have the same prediction" if result.rows else ""
    return f"""# {escaped_name(result.model)}

{escaped_name(" ".join(about))}

```
pip install -r requirements.txt
python predict.py {example}
```

From Python, in any folder:

```python
import runpy

predict = runpy.run_path("FOLDER/predict.py")["predict"]
```

Neither PyTorch nor bertmagic is needed. `predict.py` stops if the network or the tokenizer was changed since.

Checked before it was written: logits are within {result.difference:.1e} of the model's in fp32{rows}.
"""


def of_keras(result: Export, manifest: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """Return the README of an export to Keras: how it is loaded, read, fine-tuned and brought back."""
    head = known["head"]
    about = [f"Encoder: {manifest['encoder']}. Task: {manifest['task']}."]
    about += [f"Labels: {', '.join(map(str, manifest['labels'][:20]))}."] if manifest.get("labels") else []
    rows = f", and {result.kept:.1%} of {result.rows:,} rows have the same prediction" if result.rows else ""
    ended = "`head.keras` is its fine-tuned head. " if head else ""
    numbers = _NUMBERS.format(**manifest) + " " if "scale" in manifest else ""
    whole, compared = (_WHOLE.format(numbers=numbers), "vectors and logits") if head else ("", "vectors")
    what = "a vector of each text" if known["pooled"] else "a vector of each token"
    return f"""# {escaped_name(result.model)}

{escaped_name(" ".join(about))}

This folder is an encoder for Keras, {what}, {known["width"]} numbers. {ended}Neither PyTorch nor bertmagic is needed.

```python
import numpy as np
import tensorflow as tf
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file("FOLDER/tokenizer.json")
tokenizer.enable_truncation({manifest["max_length"]})
tokenizer.enable_padding(pad_id={manifest["pad_id"]})
ids = np.array([one.ids for one in tokenizer.encode_batch(["a text", "another text"])])

encoder = tf.keras.models.load_model("FOLDER")
model = tf.keras.Sequential([encoder, tf.keras.layers.Dense(2, activation="softmax")])  # a new head
```
{whole}
The input is one array of ids, padded with {manifest["pad_id"]}. {_PAIRS if known["pairs"] else ""}

A model that was fine-tuned here goes back to bertmagic:

```python
model.save("tuned", zipped=False)
```

```python
import bertmagic as bm

tuned = bm.load("tuned", tokenizer="FOLDER")
```

Checked before it was written: {compared} are within {result.difference:.1e} of the model's in fp32{rows}.
"""


_NUMBERS = "An output is in standard deviations: `output * {scale} + {mean}` is the number."
_WHOLE = """
With the head that it was fine-tuned with:

```python
model = tf.keras.Sequential([encoder, tf.keras.models.load_model("FOLDER/head.keras")])
model.predict(ids)
```

{numbers}`python predict.py "a text"` gives answers as JSON; long texts are read as in training.
"""
_PAIRS = "What follows the first separator is the second text of a pair."
