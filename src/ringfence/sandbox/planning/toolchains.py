"""Toolchains that people install below their homes: what of them a box may read, and no credentials.

A row is a path below the home; `*` stands for one name. What it names is given with all that lies in it, save
the rows of `_NOT`, which registries and package managers write secrets into.

Sources: each product's documentation, November 2026.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from ringfence.sandbox.planning.host import Files, Kind, joined_path

__all__ = ["TOOLCHAINS", "kept_out", "toolchains"]

TOOLCHAINS = (
    *("bin", ".local/bin", ".local/lib", ".local/pipx"),
    *(".local/share/uv/python", ".local/share/uv/tools", ".local/share/pipx", ".local/share/pnpm"),
    *(".local/share/mise", ".local/share/fnm", ".local/share/rtx", ".local/share/pypoetry"),
    *(".local/share/claude", ".claude/local", ".local/share/virtualenvs"),
    *(".pyenv", ".virtualenvs", ".poetry", ".pixi/bin", ".pixi/envs", ".rye/shims", ".rye/py", ".rye/tools"),
    *("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", ".conda/envs"),
    *(".nvm", ".fnm", ".volta", ".bun/bin", ".deno/bin", ".npm-global", ".yarn/bin", ".yarn/releases", "n"),
    *(".config/yarn/global/node_modules", ".nodenv", ".node_modules"),
    *(".rustup", ".cargo/bin", ".cargo/env"),
    *("go/bin", "go/pkg/mod", ".go", ".goenv", "sdk", ".gvm"),
    *(".sdkman", ".jenv", ".jabba", ".gradle/wrapper", ".m2/repository", ".m2/wrapper", ".jdks"),
    *(".rbenv", ".rvm", ".gem/ruby", ".local/share/gem/ruby"),
    *(
        ".asdf",
        ".proto",
        ".nix-profile",
        ".opam",
        ".ghcup",
        ".cabal/bin",
        ".stack/programs",
        ".juliaup",
        ".julia/juliaup",
    ),
    *(".swiftly", ".elan", ".dotnet", ".krew/bin", ".composer/vendor", ".config/composer/vendor", ".phpenv"),
    *(".plenv", ".perlbrew", "perl5", ".luarocks/bin", ".luarocks/lib", ".luarocks/share", ".foundry/bin"),
)
_NPMRC = "etc/npmrc"
_NOT = (
    f".nvm/versions/node/*/{_NPMRC}",
    f".fnm/node-versions/*/installation/{_NPMRC}",
    f".local/share/fnm/node-versions/*/installation/{_NPMRC}",
    f".volta/tools/image/node/*/{_NPMRC}",
    f".asdf/installs/nodejs/*/{_NPMRC}",
    f".local/share/mise/installs/node/*/{_NPMRC}",
    f".nodenv/versions/*/{_NPMRC}",
    f".npm-global/{_NPMRC}",
    f"n/{_NPMRC}",
    ".local/share/pnpm/global/.npmrc",
    *(f"{name}/.condarc" for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba")),
    *(f"{name}/etc/conda" for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba")),
    ".sdkman/etc",
    ".dotnet/.credentials",
)


def toolchains(home: str, files: Files) -> tuple[str, ...]:
    """Those that are there, sorted."""
    return tuple(sorted(path for row in TOOLCHAINS for path in _found(home, row, files)))


def kept_out(home: str, files: Files) -> tuple[str, ...]:
    """What lies in them and is masked."""
    return tuple(sorted(path for row in _NOT for path in _found(home, row, files)))


def _found(folder: str, row: str, files: Files) -> Iterator[str]:
    part, _, rest = row.partition("/")
    names = (
        (part,)
        if "*" not in part
        else tuple(each for each, _ in files.entries(folder) if fnmatchcase(each, part))
    )
    for name in names:
        path = joined_path(folder, name)
        if not rest:
            if files.kind(path) is not None:
                yield path
        elif files.kind(path) is Kind.FOLDER:
            yield from _found(path, rest, files)
