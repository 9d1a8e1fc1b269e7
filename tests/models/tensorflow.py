"""Checkpoints as TensorFlow writes them, for tests: the tensor bundle of version 2."""

import json

import numpy as np

from bertmagic.models.tensor_bundle import crc32c, masked

KINDS = {"float32": 1, "float64": 2, "int32": 3, "int64": 9, "float16": 19}


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def entry(values, shard, offset, content):
    shape = b"".join(field(2, field(1, size)) for size in values.shape)
    checksum = varint(6 << 3 | 5) + masked(crc32c(content)).to_bytes(4, "little")
    place = (field(3, shard) if shard else b"") + (field(4, offset) if offset else b"")
    return field(1, KINDS[str(values.dtype)]) + field(2, shape) + place + field(5, len(content)) + checksum


def block(rows, every=16):
    """A block of a sorted table: keys repeat the beginning of the one before, but for each sixteenth."""
    out, restarts, last = bytearray(), [], b""
    for at, (key, value) in enumerate(rows):
        if at % every == 0:
            restarts.append(len(out))
            last = b""
        shared = next((i for i, (a, b) in enumerate(zip(key, last, strict=False)) if a != b), min(len(key), len(last)))
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    for restart in restarts or [0]:
        out += restart.to_bytes(4, "little")
    return bytes(out) + max(len(restarts), 1).to_bytes(4, "little")


def table(rows, per_block=40, compress=None):
    """A sorted table of keys and values, several blocks of it."""
    out, index = bytearray(), []

    def put(content):
        kind = b"\0"
        if compress is not None:
            content, kind = compress(content), b"\1"
        handle = varint(len(out)) + varint(len(content))
        out.extend(content + kind + masked(crc32c(content + kind)).to_bytes(4, "little"))
        return handle

    for at in range(0, len(rows), per_block):
        part = rows[at : at + per_block]
        index.append((part[-1][0], put(block(part))))
    meta, top = put(block([])), put(block(index, every=1))
    footer = (meta + top).ljust(40, b"\0")
    return bytes(out) + footer + 0xDB4775248B80FB57.to_bytes(8, "little")


def write(prefix, tensors, shards=1, compress=None):
    """Write tensors as a checkpoint, spread over some files."""
    contents, rows = [bytearray() for _ in range(shards)], []
    for at, (name, values) in enumerate(sorted(tensors.items())):
        content, shard = np.ascontiguousarray(values).tobytes(), at % shards
        rows.append((name.encode(), entry(values, shard, len(contents[shard]), content)))
        contents[shard] += content
    prefix.parent.mkdir(parents=True, exist_ok=True)
    header = field(1, shards) + field(3, field(1, 1))
    prefix.with_name(f"{prefix.name}.index").write_bytes(table([(b"", header), *rows], compress=compress))
    for at, content in enumerate(contents):
        prefix.with_name(f"{prefix.name}.data-{at:05}-of-{shards:05}").write_bytes(bytes(content))


def of_bert(model):
    """The tensors of a BERT of transformers by the names of Google's checkpoints."""
    heads = {
        "cls.predictions.bias": "cls/predictions/output_bias",
        "cls.seq_relationship.weight": "cls/seq_relationship/output_weights",
        "cls.seq_relationship.bias": "cls/seq_relationship/output_bias",
        "classifier.weight": "output_weights",
        "classifier.bias": "output_bias",
        "qa_outputs.weight": "cls/squad/output_weights",
        "qa_outputs.bias": "cls/squad/output_bias",
    }
    tensors = {}
    for name, tensor in model.state_dict().items():
        values = tensor.float().numpy()
        if name.startswith("cls.predictions.decoder") or name.endswith("position_ids"):
            continue
        whole = name if name.startswith(("bert.", "cls.", "classifier.", "qa_outputs.")) else f"bert.{name}"
        if whole in heads:
            tensors[heads[whole]] = values
            continue
        *parts, last = whole.split(".")
        named = "/".join(parts).replace("layer/", "layer_")
        if parts[-1].endswith("_embeddings"):
            tensors[named] = values
        elif parts[-1] == "LayerNorm":
            tensors[f"{named}/{'gamma' if last == 'weight' else 'beta'}"] = values
        else:
            tensors[f"{named}/{'kernel' if last == 'weight' else 'bias'}"] = values.T if last == "weight" else values
    return tensors


def write_bert(folder, model, vocabulary, more=None, name="bert_model.ckpt", **known):
    """Write a BERT of transformers as Google published it; ``more`` are further tensors."""
    write(folder / name, {**of_bert(model), **(more or {})}, **known)
    config = model.config.to_dict()
    kept = ("attention_probs_dropout_prob", "hidden_act", "hidden_dropout_prob", "hidden_size", "initializer_range",
            "intermediate_size", "max_position_embeddings", "num_attention_heads", "num_hidden_layers",
            "type_vocab_size", "vocab_size")  # fmt: skip
    (folder / "bert_config.json").write_text(json.dumps({each: config[each] for each in kept}), "utf-8")
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in vocabulary), "utf-8")
    return folder
