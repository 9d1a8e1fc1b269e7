"""A BERT of a few thousand weights and rows that it can learn, both made in code: a step takes milliseconds."""

import random

GOOD = ("good", "great", "lovely", "fine", "strong")
BAD = ("bad", "awful", "dull", "poor", "weak")
FILLING = ("the", "film", "was", "and", "a", "book", "very", "plot", "so", "it")


def rows(many, seed=0):
    """Return texts with a label that their words give away, and a language to slice by."""
    choose = random.Random(seed)
    made = []
    for at in range(many):
        words = [choose.choice(FILLING) for _ in range(choose.randint(3, 12))]
        words.insert(choose.randint(0, len(words)), choose.choice(GOOD if at % 2 else BAD))
        text = f"{' '.join(words)} {at}"
        made.append({"review": text, "mood": ("bad", "good")[at % 2], "language": ("en", "de")[at % 3 == 0]})
    return made


def save(folder):
    """Write the untrained encoder with its tokenizer to a folder, as transformers does."""
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(33, 127)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *GOOD, *BAD, *FILLING, *letters]
    words += [f"##{letter}" for letter in letters]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(words)) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast.from_pretrained(folder)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=128,
    )  # fmt: skip
    torch.manual_seed(0)
    BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
