"""The table of formats, tried from top to bottom: those with an unmistakable magic first."""

from ringfence.artifacts.format import Format
from ringfence.artifacts.formats import (
    bzip2,
    ggml,
    gguf,
    gzip,
    hdf5,
    joblib_dump,
    keras_zip,
    llamafile,
    lz4,
    nemo,
    npy,
    npz,
    onnx,
    other_archive,
    pickled,
    pytorch,
    pytorch_export,
    pytorch_legacy,
    pytorch_package,
    safetensors,
    seven_zip,
    tar,
    tflite,
    xz,
    zip_archive,
    zlib_stream,
    zstandard,
)

__all__ = ["COMPANIONS", "FORMATS"]

FORMATS: tuple[Format, ...] = (
    gguf.FORMAT,
    safetensors.FORMAT,
    pytorch.FORMAT,
    pytorch_export.FORMAT,
    pytorch_package.FORMAT,
    keras_zip.FORMAT,
    npz.FORMAT,
    llamafile.FORMAT,
    npy.FORMAT,
    hdf5.FORMAT,
    tflite.FORMAT,
    nemo.FORMAT,
    ggml.FORMAT,
    pytorch_legacy.FORMAT,
    joblib_dump.FORMAT,
    pickled.FORMAT,
    onnx.FORMAT,
)

# Archives, and what rides with models: looked at when something is judged, never taken for a model.
COMPANIONS: tuple[Format, ...] = (
    zip_archive.FORMAT,
    tar.FORMAT,
    seven_zip.FORMAT,
    gzip.FORMAT,
    bzip2.FORMAT,
    xz.FORMAT,
    zstandard.FORMAT,
    lz4.FORMAT,
    zlib_stream.FORMAT,
    other_archive.FORMAT,
)
