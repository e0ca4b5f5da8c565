"""Whatever a policy says: no box has what none has, a denial only takes, what is hidden stays so."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from loading import of_tier
from made_hosts import NOW, SESSION, SESSION_FOLDER, STATE, TREE, made_host, planned, shows
from ringfence.core.actions import FileRead, FileWrite
from ringfence.core.errors import RingfenceError
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.problems import PolicyRefused
from ringfence.policy.rule import Tier
from ringfence.sandbox.plan import Mount, MountKind
from ringfence.sandbox.planning.host import within
from ringfence.sandbox.planning.never import credentials, homes, never
from ringfence.sandbox.planning.view import HIDING
from ringfence.sandbox.planning.wanted import Planned

FILES = (
    *(f"{TREE}/{name}" for name in ("a.key", "docs/a.md", "docs/b.key", "docs/in/c.md", "src/x/y.c")),
    *("/data/a.csv", "/data/k.key", "/data/set/b.csv", "/data/set/deep/c.key", "/else/d"),
    *("/home/ann/.ssh/id", "/home/ann/.config/gh/token", "/home/ann/.config/tool/e", "/home/ann/notes/f"),
    *("/home/ann/.cargo/bin/cargo", "/usr/share/doc/g", "/opt/tool/h"),
)
LINKS = {"/data/ssh": "/home/ann/.ssh", "/data/up": "/", "/data/state": STATE, f"{TREE}/out": "/else"}
HOST = made_host(
    *FILES, links=LINKS, owners={"/data": 1000}, others=("/sockets/agent",), sockets=("/sockets/agent",)
)
OF_BOX = (
    "/usr/bin/make",
    "/etc/profile",
    "/etc/shadow",
    "/proc/1/environ",
    f"{STATE}/ledger",
    "/run/docker.sock",
)
PATTERNS = (
    *(
        "**",
        "docs/**",
        "docs/*",
        "*/**",
        "**/*.key",
        "*",
        "docs",
        "docs/in/**",
        "**/in/**",
        "src/x/y.c",
        "out/**",
    ),
    *(
        "/**",
        "/data/**",
        "/data/*",
        "/data/set/**",
        "/data/*/**",
        "/**/*.key",
        "/data/set/deep/c.key",
        "/else/**",
    ),
    *(
        "/home/ann/**",
        "/home/ann/.config/**",
        "/home/ann/notes/**",
        "/home/ann/.ssh/id",
        "/home/**",
        "/h*/**",
    ),
    *("/proc/**", "/sys/**", "/run/**", "/data/ssh/**", "/data/up/**", "/data/state/**", f"{STATE}/**"),
    *("/etc/shadow", "/etc/**", "/usr/share/**", "/sockets/**", "/opt/**", f"{TREE}/docs/**", "/data/ss?/*"),
)
KEYS = ("read", "write", "ask", "deny")
MODES = ("observe", "warn", "enforce")

pattern = st.sampled_from(PATTERNS)
files = st.fixed_dictionaries(
    {"read": st.lists(pattern, max_size=4).map(lambda more: ["**", *more])},
    optional={key: st.lists(pattern, max_size=3) for key in KEYS[1:]},
) | st.dictionaries(st.sampled_from(KEYS), st.lists(pattern, max_size=3))
rule = st.fixed_dictionaries(
    {
        "actions": st.sampled_from(("file.read", "file.write")),
        "then": st.sampled_from(("allow", "ask", "deny")),
    },
    optional={
        "mode": st.sampled_from(MODES),
        "path": st.one_of(
            pattern.map(lambda each: f'"{each}"'),
            st.tuples(pattern, pattern).map(lambda two: f'{{like: "{two[0]}", not: "{two[1]}"}}'),
            pattern.map(lambda each: f'{{not: "{each}"}}'),
        ),
    },
)
Drawn = tuple[str, dict[str, list[str]], list[dict[str, str]], list[str]]
drawn = st.tuples(
    st.sampled_from(MODES),
    files,
    st.lists(rule, max_size=2),
    st.lists(st.sampled_from(("docs/**", "/data/set/**", "*", "**/*.key")), max_size=1),
)


def policy(parts: Drawn, *, denied: str | None = None, tree: Drawn | None = None) -> Policy | None:
    """None where the language itself refuses it."""
    texts = [of_tier(_text(parts, denied), Tier.USER)]
    if tree is not None:
        texts.append(of_tier(_text((*tree[:3], []), None, "t"), Tier.WORKING_TREE, "tree.yaml"))
    try:
        return load(texts)
    except PolicyRefused:
        return None


def _text(parts: Drawn, denied: str | None, ids: str = "r") -> str:
    mode, lists, rules, excepted = parts
    said = ", ".join(f"{key}: {[*each]}" for key, each in lists.items()).replace("'", '"')
    text = f"version: 1\nagents:\n  mode: {mode}\n  profiles: {{claude: {{files: {{{said}}}}}}}\n  rules:\n"
    text += f'  - {{id: {ids}, actions: file.read, match: {{path: "never"}}, then: deny}}\n'
    for number, each in enumerate(rules):
        match = f", match: {{path: {each['path']}}}" if "path" in each else ""
        own = f", mode: {each['mode']}" if "mode" in each else ""
        text += f"  - {{id: {ids}{number}, actions: {each['actions']}{match}, then: {each['then']}{own}}}\n"
    if denied is not None:
        text += f'  - {{id: d, actions: [file.read, file.write], match: {{path: "{denied}"}}, then: deny}}\n'
    if excepted and rules:
        text += "exceptions:\n" + "".join(
            f'  - {{id: e, rule: {ids}0, match: {{path: "{each}"}}, asked_by: a, reviewed_by: b, why: c, '
            "until: 2030-01-01}\n"
            for each in excepted
        )
    return text


def a_plan(made: Policy | None) -> Planned | None:
    """None where it is refused."""
    if made is None:
        return None
    protections = (
        Mount(target=f"{TREE}/.git", source=f"{TREE}/.git", kind=MountKind.WRITE, why=GIT),
        Mount(target=f"{TREE}/docs/b.key", kind=MountKind.EMPTY_FILE, why=GIT),
        Mount(target=f"{TREE}/src", source=f"{TREE}/src", kind=MountKind.READ, why=GIT),
    )
    try:
        return planned(made, HOST, protections=protections)
    except RingfenceError:
        return None


GIT = planned(load([of_tier("version: 1\n")]), HOST).plan.limits_why
often = settings(max_examples=300, deadline=None)


@often
@given(drawn)
@example(("enforce", {"read": ["**", "/data/ssh/**", "/home/ann/.ssh/id"]}, [], []))
@example(("observe", {"read": ["/home/ann/.config/**"]}, [], []))
def test_what_no_box_has_is_in_none(parts: Drawn) -> None:
    plan = a_plan(policy(parts))
    if plan is None:
        return
    kept = [*(place for place, _ in never(HOST)), *credentials(HOST)]
    for each in plan.plan.mounts:
        if each.kind in (MountKind.READ, MountKind.WRITE) and each.target != "/sys/devices/system/cpu":
            assert each.source is not None
            own = within(each.source, SESSION_FOLDER)
            assert own or not any(within(each.source, place) for place in kept)
            assert each.source not in ("/", *homes(HOST))
    for path in (*FILES, *OF_BOX):
        if any(within(path, place) for place in kept):
            assert shows(plan, HOST, path) is None


RANK = {None: 0, "read": 1, "write": 2}


@often
@given(drawn, pattern)
@example(("enforce", {"read": ["**", "/data/**"], "write": ["**"]}, [], []), "/data/set/**")
def test_a_denial_only_takes(parts: Drawn, denied: str) -> None:
    before, after = a_plan(policy(parts)), a_plan(policy(parts, denied=denied))
    if before is None or after is None:
        return
    for path in FILES:
        assert RANK[shows(after, HOST, path)] <= RANK[shows(before, HOST, path)], path


@often
@given(drawn, drawn)
@example(("observe", {}, [], []), ("enforce", {"read": ["**"], "write": ["src/x/y.c"]}, [], []))
@example(
    ("enforce", {"read": ["**"], "ask": ["/usr/share/**"]}, [], []), ("enforce", {"read": ["**"]}, [], [])
)
def test_a_working_tree_s_document_only_takes(parts: Drawn, tree: Drawn) -> None:
    before, after = a_plan(policy(parts)), a_plan(policy(parts, tree=tree))
    if before is None or after is None:
        return
    for path in FILES:
        assert RANK[shows(after, HOST, path)] <= RANK[shows(before, HOST, path)], path


@often
@given(drawn)
def test_nothing_that_is_hidden_or_read_only_shows_again(parts: Drawn) -> None:
    plan = a_plan(policy(parts))
    if plan is None:
        return
    mounts = plan.plan.mounts
    for number, each in enumerate(mounts):
        for later in mounts[number + 1 :]:
            if each.kind in HIDING:
                assert not within(later.target, each.target)
                assert not within(each.target, later.target)
    assert len({each.target for each in mounts}) == len(mounts) or _only_taken_twice(mounts)


def _only_taken_twice(mounts: tuple[Mount, ...]) -> bool:
    """A place may be given and then taken; nothing is given twice."""
    seen: dict[str, Mount] = {}
    for each in mounts:
        if each.target in seen and each.kind not in (*HIDING, MountKind.READ, MountKind.LINK_OVER):
            return False
        seen[each.target] = each
    return True


@settings(max_examples=500, deadline=None)
@given(drawn, st.none() | drawn)
@example(("enforce", {"read": ["*/**"], "write": ["*/**"]}, [], []), None)
@example(("enforce", {"read": ["**"], "write": ["docs/*"]}, [], []), None)
def test_what_a_box_shows_the_policy_allows(parts: Drawn, tree: Drawn | None) -> None:
    made = policy(parts, tree=tree)
    plan = a_plan(made)
    if made is None or plan is None:
        return
    base = ("/home/ann/.cargo/bin", "/usr", "/opt")
    for path in FILES:
        shown = shows(plan, HOST, path)
        name = path[len(TREE) + 1 :] if within(path, TREE) else path
        who = {"agent": "claude", "session": SESSION}
        read = made.decide(FileRead(path=name, **who), now=NOW)  # type: ignore[arg-type]
        write = made.decide(FileWrite(path=name, **who), now=NOW)  # type: ignore[arg-type]
        is_base = any(within(path, each) for each in base)
        if shown is not None:
            assert read.may_proceed or (is_base and read.reasons[0].rule is None), path
        if shown == "write":
            assert write.may_proceed, path
