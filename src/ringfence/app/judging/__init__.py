"""Judges files on this machine: which ones, in which processes, within which bounds."""

from ringfence.app.judging.allowed import Allowed
from ringfence.app.judging.below import FileToJudge, FolderToJudge, files_below
from ringfence.app.judging.judges import Judges

__all__ = ["Allowed", "FileToJudge", "FolderToJudge", "Judges", "files_below"]
