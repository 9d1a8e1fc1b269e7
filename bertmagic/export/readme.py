"""What an exported folder says about itself."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from bertmagic.models.card import escaped_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bertmagic.export.formats import Format
    from bertmagic.export.result import Export


def requirements(chosen: Format) -> str:
    """Return the packages that run an export, with the versions that it was checked with."""
    return "".join(f"{name}=={version(name)}\n" for name in ("numpy", "tokenizers", chosen.runs_by))


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
