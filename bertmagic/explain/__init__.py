"""Why a model predicts what it does: words, edits and training rows, with how far each can be trusted."""
