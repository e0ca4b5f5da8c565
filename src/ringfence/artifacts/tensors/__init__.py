"""The tensors of a model file: what each is called, what it is and where its bytes lie. Nothing is loaded."""
