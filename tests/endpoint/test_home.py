from pathlib import Path

import pytest

from ringfence.endpoint.home import Home, System

ANN = Path("/mnt/disk/Users/Ann")


@pytest.mark.parametrize(
    ("system", "elsewhere", "text", "place"),
    [
        (System.LINUX, False, "/data/models", "/data/models"),
        (System.LINUX, False, "~/models", "/mnt/disk/Users/Ann/models"),
        (System.LINUX, False, "models", None),
        (System.LINUX, False, "", None),
        (System.LINUX, False, "/a\0b", None),
        (System.LINUX, True, "/data/models", None),
        (System.LINUX, True, "/home/ann/models", "/mnt/disk/Users/Ann/models"),
        (System.LINUX, True, "/home/annika/models", None),
        (System.MACOS, True, "/Users/ann/models", "/mnt/disk/Users/Ann/models"),
        (System.MACOS, True, "/Volumes/Big/models", None),
        (System.WINDOWS, True, "C:\\Users\\ann\\models", "/mnt/disk/Users/Ann/models"),
        (System.WINDOWS, True, "c:/users/ANN/models", "/mnt/disk/Users/Ann/models"),
        (System.WINDOWS, True, "D:\\models", None),
        (System.WINDOWS, True, "\\\\server\\share\\models", None),
        (System.WINDOWS, True, "/data/models", None),
        (System.WINDOWS, True, "~\\llm\\models", "/mnt/disk/Users/Ann/llm/models"),
    ],
)
def test_a_path_of_a_settings_file_is_placed_here_or_nowhere(
    system: System, elsewhere: bool, text: str, place: str | None
) -> None:
    home = Home(path=ANN, system=system, elsewhere=elsewhere)
    assert home.place(text) == (None if place is None else Path(place))


@pytest.mark.parametrize(
    ("system", "folders"),
    [
        (System.LINUX, (".local/share/x", ".local/share/x", ".cache/x", ".cache/x", ".config/x")),
        (
            System.MACOS,
            (
                "Library/Application Support/x",
                "Library/Application Support/x",
                "Library/Caches/x",
                ".cache/x",
                "Library/Application Support/x",
            ),
        ),
        (
            System.WINDOWS,
            (
                "AppData/Local/x",
                "AppData/Roaming/x",
                "AppData/Local/x/Cache",
                ".cache/x",
                "AppData/Roaming/x",
            ),
        ),
    ],
)
def test_each_system_keeps_data_caches_and_settings_in_its_own_folders(
    system: System, folders: tuple[str, ...]
) -> None:
    home = Home(path=ANN, system=system)
    kept = (home.data, home.roaming_data, home.cache, home.unix_cache, home.config)
    assert tuple(each("x") for each in kept) == tuple(ANN / folder for folder in folders)


def test_the_variables_of_the_environment_move_what_linux_keeps() -> None:
    environment = {"XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "~/c", "XDG_CONFIG_HOME": "/e"}
    home = Home(path=ANN, system=System.LINUX, environment=environment)
    assert (home.data("x"), home.cache("x"), home.config("x")) == (Path("/d/x"), ANN / "c/x", Path("/e/x"))
