import pytest

from ringfence.cli.main import main


@pytest.mark.parametrize("name", ["files.example.com", "files/mcp", "*", "Files", "-files", "", "a" * 64])
def test_a_tool_server_has_a_name_that_is_no_host_s_path_s_or_pattern_s(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", f"--mcp={name}", "--", "true"])
    assert ended.value.code == 2
    assert "is no name of a server; try files or my-mail" in capsys.readouterr().err
