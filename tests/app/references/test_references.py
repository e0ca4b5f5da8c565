"""Which models code, build files and configurations name, and what only looks like a name."""

from pathlib import Path

import pytest

from ringfence.app.references import find_references, is_pinned

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHA256 = "a" * 64


def named(tmp_path: Path, file: str, text: str) -> list[tuple[int, str, str, str | None]]:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text)
    found = find_references(tmp_path)
    assert found.skipped == ()
    return [(each.line, each.kind, each.name, each.revision) for each in found.references]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('A.from_pretrained("acme/chat")', ("hugging-face", "acme/chat", None)),
        (f'A.from_pretrained("acme/chat", revision="{COMMIT}")', ("hugging-face", "acme/chat", COMMIT)),
        ('A.from_pretrained(pretrained_model_name_or_path="gpt2")', ("hugging-face", "gpt2", None)),
        ('hf_hub_download("acme/chat", "a.gguf")', ("hugging-face", "acme/chat", None)),
        ('snapshot_download(repo_id="acme/chat")', ("hugging-face", "acme/chat", None)),
        ('pipeline("text-generation", model="acme/chat")', ("hugging-face", "acme/chat", None)),
        ('pipeline("text-generation", "acme/chat")', ("hugging-face", "acme/chat", None)),
        ('SentenceTransformer("all-MiniLM-L6-v2")', ("hugging-face", "all-MiniLM-L6-v2", None)),
        ('vllm.LLM(model="acme/chat")', ("hugging-face", "acme/chat", None)),
        ('timm.create_model("hf_hub:acme/vit")', ("hugging-face", "acme/vit", None)),
        ('get("https://huggingface.co/acme/chat/resolve/main/a")', ("hugging-face", "acme/chat", "main")),
        ('torch.hub.load("acme/vision:v1", "net")', ("torch-hub", "acme/vision", "v1")),
        ('ollama.chat(model="llama3:8b")', ("ollama", "llama3", "8b")),
        ('mlflow.pyfunc.load_model("models:/churn/3")', ("mlflow", "churn", "3")),
        ('mlflow.pyfunc.load_model("models:/churn@champion")', ("mlflow", "churn", "champion")),
    ],
)
def test_calls_of_python_name_models(
    tmp_path: Path, line: str, expected: tuple[str, str, str | None]
) -> None:
    assert named(tmp_path, "app.py", f"\n{line}\n") == [(2, *expected)]


def test_names_that_stand_for_one_text_are_followed_and_others_are_not(tmp_path: Path) -> None:
    text = (
        'ONE = "acme/one"\nTWO = "acme/two"\nTWO = "acme/other"\n'
        "A.from_pretrained(ONE)\nA.from_pretrained(TWO)\nA.from_pretrained(given)\n"
        'A.from_pretrained(os.environ.get("M", "acme/three"))\n'
    )
    assert named(tmp_path, "app.py", text) == [
        (4, "hugging-face", "acme/one", None),
        (7, "hugging-face", "acme/three", None),
    ]


def test_documentation_comments_and_paths_name_nothing(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "here").touch()
    text = (
        '"""From https://huggingface.co/acme/doc/resolve/main/a."""\n'
        '# A.from_pretrained("acme/comment")\n'
        'A.from_pretrained("./acme/local")\nA.from_pretrained("/opt/model")\nA.from_pretrained("acme/here")\n'
        'A.from_pretrained("checkpoints/last")\nopen("weights/best.pt")\nA.from_pretrained("model.bin")\n'
    )
    assert named(tmp_path, "app.py", text) == []


def test_cells_of_notebooks_are_code(tmp_path: Path) -> None:
    cell = '{"cell_type": "code", "source": ["!pip install x\\n", "A.from_pretrained(\\"acme/chat\\")"]}'
    text = f'{{"cells": [{{"cell_type": "markdown", "source": ["hi"]}}, {cell}]}}'
    assert named(tmp_path, "a.ipynb", text) == [(2, "hugging-face", "acme/chat", None)]


@pytest.mark.parametrize(
    ("file", "line", "expected"),
    [
        ("Dockerfile", "RUN ollama pull llama3:8b && x", ("ollama", "llama3", "8b")),
        ("run.sh", "ollama run hf.co/acme/chat-GGUF:Q4_0", ("hugging-face", "acme/chat-GGUF", None)),
        (
            "Dockerfile",
            "RUN huggingface-cli download acme/chat --revision v2",
            ("hugging-face", "acme/chat", "v2"),
        ),
        ("Dockerfile", "ENV MODEL_ID=acme/chat", ("hugging-face", "acme/chat", None)),
        ("Dockerfile", 'CMD ["vllm", "serve", "acme/chat"]', ("hugging-face", "acme/chat", None)),
        ("Dockerfile", "RUN git clone https://huggingface.co/acme/chat", ("hugging-face", "acme/chat", None)),
        ("Dockerfile", "ADD https://example.org/a.gguf /a", ("url", "https://example.org/a.gguf", None)),
        (
            "Dockerfile",
            f"ADD --checksum=sha256:{SHA256} https://example.org/a.gguf /a",
            ("url", "https://example.org/a.gguf", f"sha256:{SHA256}"),
        ),
        (
            "get.sh",
            "curl -L https://example.org/a.safetensors?download=true -o a",
            ("url", "https://example.org/a.safetensors?download=true", None),
        ),
        (
            "get.sh",
            "wget https://huggingface.co/acme/chat/resolve/v1/a.gguf",
            ("hugging-face", "acme/chat", "v1"),
        ),
        ("Modelfile", "FROM llama3.1:8b", ("ollama", "llama3.1", "8b")),
        ("compose.yml", "  command: llama-server -hf acme/chat:Q4_K_M", ("hugging-face", "acme/chat", None)),
        ("compose.yml", "  - MODEL_ID=acme/chat", ("hugging-face", "acme/chat", None)),
        ("values.yaml", '  embedding_model: "acme/embed"', ("hugging-face", "acme/embed", None)),
        ("values.yaml", "  model: ollama/llama3", ("ollama", "llama3", None)),
        ("values.yaml", "  uri: hf://acme/chat@v1", ("hugging-face", "acme/chat", "v1")),
        (
            "app.js",
            "await pipeline('feature-extraction', 'acme/embed')",
            ("hugging-face", "acme/embed", None),
        ),
        (".env", "LLM_MODEL=acme/chat", ("hugging-face", "acme/chat", None)),
    ],
)
def test_build_files_and_configurations_name_models(
    tmp_path: Path, file: str, line: str, expected: tuple[str, str, str | None]
) -> None:
    assert named(tmp_path, file, f"x\n{line}\n") == [(2, *expected)]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("Dockerfile", "FROM acme/image:1"),
        ("Dockerfile", "# RUN ollama pull llama3"),
        ("Dockerfile", "RUN curl -L https://example.org/install.sh | sh"),
        ("Modelfile", "FROM ./local.gguf"),
        ("compose.yml", "  image: acme/chat"),
        ("compose.yml", "  model: openai/gpt-4o"),
        ("compose.yml", "  model: weights/best.pt"),
        ("compose.yml", "  model: runs/exp3"),
        ("ci.yml", "  - uses: actions/checkout"),
        ("ci.yml", "  homepage: https://huggingface.co/docs/transformers"),
        ("package.json", '{"name": "acme/chat", "repository": "github:acme/chat"}'),
        ("run.sh", "ollama run $MODEL"),
        ("notes.md", "ollama run llama3"),
    ],
)
def test_what_only_looks_like_the_name_of_a_model_is_none(tmp_path: Path, file: str, line: str) -> None:
    assert named(tmp_path, file, f"{line}\n") == []


def test_what_was_installed_beside_a_project_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "pyvenv.cfg").touch()
    for folder in ("own", "node_modules", ".git"):
        assert named(tmp_path, f"{folder}/a.py", 'A.from_pretrained("acme/chat")') == []


def test_only_what_cannot_change_is_pinned(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        f'A.from_pretrained("acme/a", revision="{COMMIT}")\nA.from_pretrained("acme/b", revision="v1")\n'
        f'torch.hub.load("acme/c:{COMMIT}", "n")\nload("models:/d/3")\nload("models:/e@best")\n'
        'ollama.pull("f:8b")\n'
    )
    (tmp_path / "g.sh").write_text(
        f"curl https://h.org/g.gguf # sha256:{SHA256}\nwget https://h.org/h.gguf\n"
    )
    found = find_references(tmp_path).references
    assert [each.name[-6:] for each in found if is_pinned(each)] == ["acme/a", "acme/c", "d", "g.gguf"]
