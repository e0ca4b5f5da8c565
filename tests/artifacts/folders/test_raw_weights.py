from pathlib import Path

from model_folders import HONEST
from ringfence.app.folder_of import folder_of
from ringfence.artifacts.folders.external_data import raw_weights


def test_files_of_numbers_that_a_graph_names_are_known_and_no_others(tmp_path: Path) -> None:
    for honest in ("onnx", "openvino", "core_ml", "bert_twice"):
        HONEST[honest](tmp_path / honest)
    (tmp_path / "onnx/other.onnx_data").write_bytes(b"x")
    (tmp_path / "openvino/other.bin").write_bytes(b"x")
    assert raw_weights(folder_of(tmp_path)) == {
        "onnx/model.onnx_data",
        "openvino/model.bin",
        "core_ml/model.mlpackage/Data/com.apple.CoreML/weights/weight.bin",
    }
