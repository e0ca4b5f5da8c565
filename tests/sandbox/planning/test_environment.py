"""The environment of a box: what is in it, and what never is."""

from collections.abc import Mapping

from made_hosts import SESSION, a_policy, made_host, planned

BOX_S = {
    "HOME": "/home/ann",
    "LOGNAME": "ann",
    "PATH": "/usr/bin:/bin",
    "RINGFENCE": "1",
    "RINGFENCE_SESSION": SESSION,
    "SHELL": "/bin/sh",
    "TMPDIR": "/tmp",
    "USER": "ann",
    "XDG_CACHE_HOME": "/home/ann/.cache",
    "XDG_CONFIG_HOME": "/home/ann/.config",
    "XDG_DATA_HOME": "/home/ann/.local/share",
    "XDG_RUNTIME_DIR": "/run/user/1000",
    "XDG_STATE_HOME": "/home/ann/.local/state",
}
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def environment(user_s: Mapping[str, str], *more: str, handed: str = "[]") -> dict[str, str]:
    """Beyond what the box itself says."""
    policy = a_policy(f"profiles: {{claude: {{sandbox: {{environment: {handed}}}}}}}")
    made = planned(
        policy, made_host(*more), environment={"PATH": "/usr/bin:/bin", **user_s}
    ).command.environment
    assert list(made) == sorted(made)
    return {name: value for name, value in made if BOX_S.get(name) != value}


def test_without_anything_it_has_what_the_box_says() -> None:
    made = planned(a_policy(), environment={}).command.environment
    assert dict(made) == {**BOX_S, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def test_locale_and_terminal_are_the_user_s_and_nothing_else_is() -> None:
    usual = {"LANG": "de_DE.UTF-8", "LC_TIME": "C", "TERM": "xterm", "NO_COLOR": "1", "TZ": "UTC"}
    other = {
        "SSH_AUTH_SOCK": "/tmp/agent",
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus",
        "LD_PRELOAD": "/tmp/x.so",
        "AWS_PROFILE": "prod",
        "MY_VALUE": "1",
        "XDG_CONFIG_HOME": "/elsewhere",
        "HOME": "/elsewhere",
        "RINGFENCE": "0",
    }
    assert environment({**usual, **other}) == usual


def test_a_usual_variable_that_holds_a_secret_is_left_out() -> None:
    assert environment({"EDITOR": f"vi --token={TOKEN}", "PAGER": "less"}) == {"PAGER": "less"}


def test_what_the_policy_names_is_handed_in() -> None:
    user_s = {"MY_A": "1", "MY_B": "2", "OTHER": "3"}
    assert environment(user_s, handed="[MY_*]") == {"MY_A": "1", "MY_B": "2"}


def test_what_looks_secret_is_handed_in_by_its_whole_name_only() -> None:
    user_s = {"MY_TOKEN": "abc", "MY_NOTE": TOKEN, "MY_A": "1", "LD_PRELOAD": "/usr/lib/x.so"}
    assert environment(user_s, handed="['*']") == {"MY_A": "1"}
    whole = environment(user_s, handed="['*', MY_TOKEN, MY_NOTE, LD_PRELOAD]")
    assert whole == user_s


def test_what_the_box_says_itself_nobody_hands_in() -> None:
    assert environment({"HOME": "/x", "TMPDIR": "/x", "RINGFENCE_SESSION": "x"}, handed="['*']") == {}


def test_the_search_path_keeps_folders_that_the_box_has() -> None:
    path = "/home/ann/.pyenv/shims:/home/ann/secret-tools:relative::/usr/bin:/usr/bin:/etc/profile"
    made = environment({"PATH": path}, "/home/ann/.pyenv/shims/python", "/home/ann/secret-tools/x")
    assert made == {"PATH": "/home/ann/.pyenv/shims:/usr/bin"}


def test_folders_of_toolchains_are_named_where_the_box_has_them() -> None:
    user_s = {"PYENV_ROOT": "/home/ann/.pyenv", "NVM_DIR": "/home/ann/.nvm", "JAVA_HOME": "relative"}
    assert environment(user_s, "/home/ann/.pyenv/shims/python") == {"PYENV_ROOT": "/home/ann/.pyenv"}


def test_a_shell_that_the_box_lacks_is_another() -> None:
    assert environment({"SHELL": "/home/ann/bin/fish"}) == {}
    assert environment({"SHELL": "/usr/bin/sh"}) == {"SHELL": "/usr/bin/sh"}
