"""How a saved model is used without bertmagic, for its card."""

from __future__ import annotations

from bertmagic.models.card import Usage

USAGE = Usage(
    pipeline="question-answering",
    transformers="""\
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("PLACE")
model = AutoModelForQuestionAnswering.from_pretrained("PLACE")
inputs = tokenizer("a question", "a passage", truncation="only_second", max_length=LENGTH, return_tensors="pt")
outputs = model(**inputs)
tokenizer.decode(inputs["input_ids"][0, outputs.start_logits.argmax() : outputs.end_logits.argmax() + 1])""",
    call='model.predict([("a question", "a passage")]).frame',
)
