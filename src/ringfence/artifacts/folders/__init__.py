"""Folders of models as a whole: whether their files say the same."""
