"""The table of formats, tried from top to bottom: those with an unmistakable magic first."""

from ringfence.artifacts.format import Format
from ringfence.artifacts.formats import (
    ggml,
    gguf,
    hdf5,
    joblib_dump,
    keras_zip,
    llamafile,
    npy,
    npz,
    onnx,
    pickled,
    pytorch,
    pytorch_legacy,
    safetensors,
    tflite,
    zip_archive,
)

__all__ = ["COMPANIONS", "FORMATS"]

FORMATS: tuple[Format, ...] = (
    gguf.FORMAT,
    safetensors.FORMAT,
    pytorch.FORMAT,
    keras_zip.FORMAT,
    npz.FORMAT,
    llamafile.FORMAT,
    npy.FORMAT,
    hdf5.FORMAT,
    tflite.FORMAT,
    ggml.FORMAT,
    pytorch_legacy.FORMAT,
    joblib_dump.FORMAT,
    pickled.FORMAT,
    onnx.FORMAT,
)

# Archives, and what rides with models: looked at when something is judged, never taken for a model.
COMPANIONS: tuple[Format, ...] = (zip_archive.FORMAT,)
