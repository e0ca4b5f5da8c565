"""What running a TensorFlow graph would do besides arithmetic: files, connections, Python, other operations.

Operations that honest models have as well, for vocabularies and checkpoints, count only when the graph itself
says which file: their own is named by who loads the model.

Source: TensorFlow's operation registry, as `tensorflow_ops.json` lists it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from ringfence.artifacts.graphs.findings import custom_operator
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.tensorflow_graph import Graph, Node, source_of
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

__all__ = ["acts", "op_acts"]

_PYTHON: Final = frozenset(("PyFunc", "PyFuncStateless", "EagerPyFunc"))
_CODE: Final = {
    **dict.fromkeys(_PYTHON, "calls Python code"),
    **dict.fromkeys(
        ("DatasetFromGraph", "RemoteFusedGraphExecute", "MlirPassthroughOp"),
        "runs a graph that lies in a text",
    ),
}
# Nothing that a model needs: each counts wherever it stands.
_FILES: Final = {
    "ReadFile": "reads a file",
    "WriteFile": "writes a file",
    "MatchingFiles": "lists files",
    "MatchingFilesDataset": "lists files",
    "ExperimentalMatchingFilesDataset": "lists files",
    "DumpTensor": "writes a file",
    "DatasetToTFRecord": "writes a file",
    "ExperimentalDatasetToTFRecord": "writes a file",
    "SaveDataset": "writes files",
    "SaveDatasetV2": "writes files",
    "FileSystemSetConfiguration": "changes how files are reached",
    "SqlDataset": "reads a database",
    "ExperimentalSqlDataset": "reads a database",
    "CreateSummaryDbWriter": "writes a database",
}
_WRITES: Final = frozenset(op for op, why in _FILES.items() if why.startswith("writes"))
_CONNECTIONS: Final = frozenset(
    (
        *("RpcServer", "RpcServerStart", "RpcServerRegister", "RpcClient", "RpcCall", "Rpc", "TryRpc"),
        *("DistributedSave", "RegisterDataset", "RegisterDatasetV2", "DataServiceDataset"),
        *("DataServiceDatasetV2", "DataServiceDatasetV3", "DataServiceDatasetV4", "BigQueryReader"),
        *("GenerateBigQueryReaderPartitions",),
    )
)
# Readers and writers of what the program around the graph names: → which inputs are paths.
_BY_PATH: Final = {
    **dict.fromkeys(("Save", "SaveV2", "SaveSlices", "Restore", "RestoreV2", "RestoreSlice"), (0,)),
    **dict.fromkeys(("TextLineDataset", "TFRecordDataset", "TFRecordDatasetV2", "LMDBDataset"), (0,)),
    **dict.fromkeys(("FixedLengthRecordDataset", "FixedLengthRecordDatasetV2", "CSVDataset"), (0,)),
    **dict.fromkeys(
        ("CSVDatasetV2", "ExperimentalCSVDataset", "ExperimentalLMDBDataset", "LoadDataset"), (0,)
    ),
    **dict.fromkeys(("CacheDataset", "CacheDatasetV2", "SnapshotDataset", "SnapshotDatasetV2"), (1,)),
    **dict.fromkeys(("MergeV2Checkpoints", "CreateSummaryFileWriter"), (0, 1)),
    **dict.fromkeys(("InitializeTableFromTextFile", "InitializeTableFromTextFileV2"), (1,)),
    **dict.fromkeys(("LoadAndRemapMatrix", "DTensorRestoreV2", "WholeFileReader"), (0,)),
}
# What an attribute names: a file that is mapped into memory, a file of message types.
_BY_ATTRIBUTE: Final = {
    "ImmutableConst": "memory_region_name",
    **dict.fromkeys(("DecodeProtoV2", "EncodeProto"), "descriptor_source"),
}
_NO_FILE: Final = ("", "local://")
_BYTES: Final = "bytes://"  # and the types themselves
_TABLES: Final = frozenset(("InitializeTableFromTextFile", "InitializeTableFromTextFileV2"))
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LEAVES: Final = re.compile(r"[/\\~]|[A-Za-z]:[/\\]|(?:.*[/\\])?\.\.(?:[/\\]|$)", re.DOTALL)
_PRIVATE: Final = re.compile(r"/(?:etc|proc|sys|root|dev|var/run|run)/|/\.|\.\.[/\\]")
# Prefixes of operations that widely used packages register; each names its package.
_PACKAGES: Final = {
    "Addons>": "tensorflow_addons",
    "IO>": "tensorflow_io",
    "SimpleML": "tensorflow_decision_forests",
    "Sentencepiece": "tensorflow_text",
    "TFText>": "tensorflow_text",
    "WhitespaceTokenize": "tensorflow_text",
    "UnicodeScriptTokenize": "tensorflow_text",
    "WordpieceTokenize": "tensorflow_text",
    "FastWordpiece": "tensorflow_text",
    "FastBert": "tensorflow_text",
    "RegexSplit": "tensorflow_text",
    "NormalizeUTF8": "tensorflow_text",
    "CaseFoldUTF8": "tensorflow_text",
    "TRTEngineOp": "TensorRT",
    "TfLiteFlex": "TensorFlow Lite",
}
# Operations that TensorFlow itself had before; graphs outlive them.
_FORMER: Final = re.compile(
    r"BoostedTrees|TensorForest|Block(?:LSTM|GRU)|CudnnRNN|Sdca|Tpu|TPU|Xla|_XLA|_TPU|Fertile|Fused|_Fused"
    r"|_Mkl|_Arg$|_Retval$|_Send$|_Recv$|_HostSend$|_HostRecv$|_Retvalue$|_Device|_List"
)
_STEPS: Final = 64  # back from an operation to what names its file


@cache
def _known() -> frozenset[str]:
    path = Path(__file__).parent / "tensorflow_ops.json"
    return frozenset(json.loads(path.read_text(encoding="utf-8"))["names"])


def op_acts(op: str) -> str | None:
    """What an operation does that no model needs, whatever it is given."""
    return _CODE.get(op) or _FILES.get(op) or ("opens a connection" if op in _CONNECTIONS else None)


def acts(graph: Graph, functions: Iterable[str], assets: Iterable[str]) -> Iterator[Spotted]:
    """What the nodes do. `functions` names the library; `assets` nodes that stand for files of the model."""
    own, fed = frozenset(functions), frozenset(assets)
    for node in graph.nodes.values():
        yield from _act(graph, node, own, fed)


def _act(graph: Graph, node: Node, own: frozenset[str], fed: frozenset[str]) -> Iterator[Spotted]:
    op = node.op
    if op in _CODE:
        yield _spotted("graph-runs-code", Severity.HIGH, node, _CODE[op])
    elif op in _FILES:
        paths = _texts(graph, node, range(len(node.inputs)), frozenset())
        writes = op in _WRITES and paths
        severity = Severity.CRITICAL if writes else Severity.HIGH
        yield _spotted("graph-touches-files", severity, node, _FILES[op], *paths)
    elif op in _CONNECTIONS:
        paths = _texts(graph, node, range(len(node.inputs)), frozenset())
        yield _spotted("graph-opens-connection", Severity.HIGH, node, "opens a connection", *paths)
    elif op in _BY_PATH:
        yield from _by_path(node, _texts(graph, node, _BY_PATH[op], fed))
    elif op in _BY_ATTRIBUTE or op in ("PrintV2", "Print") or "debug_urls" in node.attributes:
        yield from _by_attribute(node)
    elif op not in _known() and op not in own and not _FORMER.match(op):
        yield _unknown(node)


def _by_attribute(node: Node) -> Iterator[Spotted]:
    """What is named in the operation itself."""
    for path in node.attributes.get(_BY_ATTRIBUTE.get(node.op, ""), ()):
        if path not in _NO_FILE and not path.startswith(_BYTES):
            yield _spotted("graph-touches-files", Severity.HIGH, node, "reads a file", path)
    for stream in node.attributes.get("output_stream", ()) if node.op in ("PrintV2", "Print") else ():
        if stream.lower().startswith("file:"):
            yield _spotted("graph-touches-files", Severity.CRITICAL, node, "writes a file", stream)
    for url in node.attributes.get("debug_urls", ()):
        if _ADDRESS.match(url):
            yield _spotted("graph-opens-connection", Severity.HIGH, node, "sends tensors away", url)


def _by_path(node: Node, paths: list[str]) -> Iterator[Spotted]:
    for path in paths:
        if _ADDRESS.match(path) and not path.startswith(("s3://^", "^s3://")):
            yield _spotted("graph-touches-files", Severity.HIGH, node, "a file elsewhere", path)
        elif node.op in _TABLES:
            if _PRIVATE.search(path):
                yield _spotted("graph-touches-files", Severity.HIGH, node, "a file of the system", path)
        elif _LEAVES.match(path):
            yield _spotted("graph-touches-files", Severity.HIGH, node, "a file outside the model", path)


def _unknown(node: Node) -> Spotted:
    for prefix, package in _PACKAGES.items():
        if node.op.startswith(prefix):
            return Spotted(
                check="graph-needs-library",
                severity=Severity.INFO,
                confidence=Confidence.CERTAIN,
                at=None,
                evidence=(f"{package}: {clip(node.op, chars=80)}",),
                advice=f"load it with {package} as its publisher ships it",
            )
    return custom_operator(clip(node.op, chars=80), at=None)


def _texts(graph: Graph, node: Node, inputs: Iterable[int], fed: frozenset[str]) -> list[str]:
    """Constant texts that the inputs are made of, looked for a few steps back."""
    left = [node.inputs[i] for i in inputs if i < len(node.inputs)]
    seen: set[str] = set()
    found: dict[str, None] = {}
    while left and len(seen) < _STEPS:
        name = source_of(left.pop())
        source = graph.nodes.get(name)
        if source is None or name in seen or name in fed:
            continue
        seen.add(name)
        found |= dict.fromkeys(source.texts)
        left.extend(source.inputs)
    return [path for path in found if path]


def _spotted(check: str, severity: Severity, node: Node, *why: str) -> Spotted:
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.LIKELY,
        at=node.at,
        evidence=(f"{node.op} {why[0]}", *(clip(each, chars=LIMITS.evidence_chars) for each in why[1:])),
        advice="do not run it: models need no files, connections or code of their own",
    )
