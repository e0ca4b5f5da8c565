"""Which names in a working tree act on the host later, why, and what is done about each. One table.

What acts by itself, when an editor opens a folder, a shell enters it or a person calls git, is kept: nobody
in a box writes it where it is there, and what a run adds is swept. What a person or an agent only reads is
told of when it changed. What a person starts by name (Makefile, package.json, tests) is the work itself.

Sources: gitrepository-layout(5), githooks(5); each product's documentation, September 2026.
"""

from enum import StrEnum

from ringfence.core.dataclass import dataclass

__all__ = ["Care", "Name", "held", "how"]


class Care(StrEnum):
    """What is done about a name."""

    KEEP = "keep"  # read-only where it is there, swept where it appears
    HOLD = "hold"  # as KEEP, and an empty folder stands at the tree's top for the run where it is missing
    TELL = "tell"  # may be written; a change is reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One row: a name, or the end of one, and what it does."""

    care: Care
    why: str


_SHELL = Name(care=Care.KEEP, why="a shell runs it when it starts or enters the folder")
_EDITOR = Name(care=Care.KEEP, why="an editor runs what stands in it")
_EDITOR_HELD = Name(care=Care.HOLD, why="an editor runs tasks and programs that it names")
_AGENT = Name(care=Care.KEEP, why="an agent starts servers and hooks that it names")
_AGENT_HELD = Name(care=Care.HOLD, why="an agent starts servers and hooks that it names")
_DEBUGGER = Name(care=Care.KEEP, why="a debugger runs it when it starts")
_HOOKS = Name(care=Care.KEEP, why="git runs it at every commit")
_POLICY = Name(care=Care.KEEP, why="it says what may be done here")
_WORDS = Name(care=Care.TELL, why="agents follow it as instructions")
_REMOTE = Name(care=Care.TELL, why="it says what a build service runs")
_MODULES = Name(care=Care.TELL, why="git fetches from and sends to where it says")
_BUILD = Name(care=Care.TELL, why="it runs here when somebody builds, tests or installs")
_PACKAGES = Name(care=Care.TELL, why="package managers fetch from where it says, and run what it names")

_EXACT: dict[str, Name] = {
    **dict.fromkeys(
        (
            *(".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile"),
            *(".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".kshrc", ".cshrc", ".tcshrc"),
            *(".login", ".logout", ".inputrc", ".xprofile", ".xinitrc", ".xsession", ".envrc"),
            *(".autoenv.zsh", ".mise.toml", "mise.toml", ".mise.local.toml"),
            *("mise.local.toml", ".tmux.conf", ".screenrc"),
        ),
        _SHELL,
    ),
    **dict.fromkeys((".vscode", ".idea", ".zed", ".devcontainer"), _EDITOR_HELD),
    **dict.fromkeys(
        (
            *(".fleet", ".vim", ".nvim", ".vimrc", ".gvimrc", ".exrc", ".nvimrc", ".nvim.lua", ".lvimrc"),
            *(".dir-locals.el", ".dir-locals-2.el", ".devcontainer.json", ".nova", ".theia", ".helix"),
            ".lazy.lua",
        ),
        _EDITOR,
    ),
    **dict.fromkeys((".claude", ".codex", ".gemini", ".cursor"), _AGENT_HELD),
    **dict.fromkeys(
        (
            *(".mcp.json", ".windsurf", ".kiro", ".roo", ".roomodes", ".kilocode", ".continue"),
            *(".cline", ".opencode", "opencode.json", "opencode.jsonc", ".crush", ".crush.json"),
            *("crush.json", ".qwen", ".amazonq", ".aider.conf.yml", ".agents", ".junie"),
            *(".copilot", ".goose", ".openclaw"),
        ),
        _AGENT,
    ),
    **dict.fromkeys((".gdbinit", ".lldbinit", ".pdbrc"), _DEBUGGER),
    **dict.fromkeys(
        (
            *(".husky", ".githooks", ".pre-commit-config.yaml", ".pre-commit-config.yml", "lefthook.yml"),
            *("lefthook.yaml", ".lefthook.yml", ".lefthook.yaml", "lefthook-local.yml", ".overcommit.yml"),
        ),
        _HOOKS,
    ),
    **dict.fromkeys(("ringfence.yaml", "models.lock"), _POLICY),
    **dict.fromkeys(
        (
            *("CLAUDE.md", "CLAUDE.local.md", "AGENTS.md", "GEMINI.md", "QWEN.md", "CRUSH.md", "WARP.md"),
            *(".cursorrules", ".windsurfrules", ".clinerules", ".goosehints", ".continuerules", ".rules"),
            ".roorules",
        ),
        _WORDS,
    ),
    ".gitmodules": _MODULES,
    ".lfsconfig": _MODULES,
    **dict.fromkeys((".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", ".pypirc", "pip.conf"), _PACKAGES),
    **dict.fromkeys(
        (
            *("Makefile", "makefile", "GNUmakefile", "CMakeLists.txt", "meson.build", "justfile", "Justfile"),
            *(
                "Taskfile.yml",
                "Taskfile.yaml",
                "Rakefile",
                "Gemfile",
                "package.json",
                "deno.json",
                "build.rs",
            ),
            *("conftest.py", "setup.py", "setup.cfg", "pyproject.toml", "noxfile.py", "tox.ini", "tasks.py"),
            *("build.gradle", "build.gradle.kts", "settings.gradle", "pom.xml", "build.xml", "build.zig"),
            *("gradlew", "mvnw", "Dockerfile", "docker-compose.yml", "compose.yaml", "Vagrantfile"),
        ),
        _BUILD,
    ),
    ".gitlab-ci.yml": _REMOTE,
}
_ENDINGS: dict[str, Name] = {
    **dict.fromkeys(("code-workspace", "sublime-project"), _EDITOR),
}
_BELOW: dict[tuple[str, str], Name] = {
    (".github", "hooks"): _AGENT,
    (".github", "copilot-instructions.md"): _WORDS,
}
_IN: dict[str, Name] = {
    ".github/workflows": _REMOTE,
    ".circleci": _REMOTE,
}


def how(folder: str, name: str) -> Name | None:
    """The row for `name` in `folder` (relative to the tree, "" for its top); None for most names."""
    found = _EXACT.get(name)
    if found is None and folder.endswith((".github", "workflows", ".circleci")):
        found = _BELOW.get((folder.rpartition("/")[2], name))
        if found is None:
            found = next((row for end, row in _IN.items() if f"/{folder}".endswith(f"/{end}")), None)
    if found is None and name.endswith(("-workspace", "-project")):
        found = _ENDINGS.get(name.rpartition(".")[2])
    return found


def held() -> tuple[str, ...]:
    """Names of folders for which an empty one stands at the tree's top while a box is there."""
    return tuple(name for name, row in _EXACT.items() if row.care is Care.HOLD)
