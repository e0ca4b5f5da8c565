"""Model files in no store: under true and false names, cut short, in parts, very large, or in a program."""

import io
import zipfile

from ringfence.app.demo.entries import Entries, Hollow, shipped

__all__ = ["downloads", "llamafile", "shards"]

# The heads are whole headers; with the data that they announce the files have these sizes.
_DISGUISED_BYTES = 5_378_784
_LARGE_BYTES = 2_200_294_080

_DATE = (2025, 10, 9, 8, 53, 20)


def downloads() -> Entries:
    """What a person downloaded or saved over time."""
    return {
        "holiday.jpg": Hollow(head=shipped("disguised-F16.gguf.head"), size_bytes=_DISGUISED_BYTES),
        "large-1.1b-F16.gguf": Hollow(head=shipped("large-F16.gguf.head"), size_bytes=_LARGE_BYTES),
        "helpful-8b-Q4_0.gguf": shipped("relabelled-Q4_0.gguf"),  # says Apache, is made from Llama 3.1
        "truncated.gguf": shipped("tiny-instruct-Q8_0.gguf")[:4000],
        "checkpoint.pt": shipped("checkpoint.pt"),
        "legacy.pt": shipped("legacy.pt"),
        "model.pkl": shipped("model.pkl"),
        "model.joblib": shipped("model.joblib"),
        "model.onnx": shipped("model.onnx"),
        "model.keras": shipped("model.keras"),
        "weights.h5": shipped("weights.h5"),
        "model.tflite": shipped("model.tflite"),
        "embeddings.npy": shipped("embeddings.npy"),
    }


def shards() -> Entries:
    """One model in two files."""
    names = (f"big-0000{n}-of-00002.gguf" for n in (1, 2))
    return {name: shipped(name) for name in names}


def llamafile() -> Entries:
    """A llamafile without its program: the first bytes and the archive at the end are as in a real one.

    The weights are stored, not deflated, so that they can be mapped. Source: llamafile README, "How
    llamafile works".
    """
    model = "tiny-single-Q8_0.gguf"
    file = io.BytesIO()
    file.write(b"MZqFpD='\n\nThis is no program: a demo of ringfence made it.\n'\n".ljust(4096, b"\0"))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(model, _DATE), shipped(model))
        archive.writestr(zipfile.ZipInfo(".args", _DATE), f"-m\n{model}\n...\n")
    return {"tiny-single.llamafile": file.getvalue()}
