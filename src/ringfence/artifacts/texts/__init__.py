"""Text that rides with weights: chat templates, metadata, tokenizers and whatever people are to read."""
