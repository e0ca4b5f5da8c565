"""What a box has: of the system, of the working tree, of what the policy gives and takes."""

import json
import os
from dataclasses import replace

import pytest

from loading import of_tier
from made_hosts import SESSION_FOLDER, TREE, a_policy, for_claude, made_host, planned, shows
from ringfence.core.decisions import Place
from ringfence.core.errors import UnreadableScope
from ringfence.policy.load import load
from ringfence.policy.rule import Tier
from ringfence.sandbox.plan import Identity, Limits, Mount, MountKind, Why
from ringfence.sandbox.plan_json import from_json, to_json
from ringfence.sandbox.planning.host import Kind
from ringfence.sandbox.planning.identity import NoIdentity
from ringfence.sandbox.planning.never import NeverGiven
from ringfence.sandbox.planning.restricted import NothingRuns
from ringfence.sandbox.planning.view import HIDING
from ringfence.sandbox.planning.wanted import HomePlace, Planned, Reason

ALL = '{read: ["**"], write: ["**"]'
LINE = Place(file="p.yaml", line=4)


def targets(plan: Planned) -> dict[str, tuple[MountKind, str | None]]:
    return {each.target: (each.kind, each.source) for each in plan.plan.mounts}


def test_without_a_policy_a_box_has_the_system_the_tree_and_a_home_of_its_own() -> None:
    plan = planned(a_policy())
    own_files = {each.target: each.content for each in plan.plan.mounts if each.kind is MountKind.FILE}
    assert {name: kind for name, (kind, _) in targets(plan).items()} == {
        **dict.fromkeys(("/usr", "/opt", "/etc/ssl/certs", "/etc/profile"), MountKind.READ),
        "/sys/devices/system/cpu": MountKind.READ,
        **dict.fromkeys(("/bin", "/sbin", "/lib", "/lib64", "/var/run"), MountKind.SYMLINK),
        **dict.fromkeys(("/tmp", "/var/tmp", "/run", "/run/user/1000"), MountKind.MEMORY),
        **dict.fromkeys(own_files, MountKind.FILE),
        "/proc": MountKind.PROC,
        "/dev": MountKind.DEVICES,
        "/home/ann": MountKind.WRITE,
        TREE: MountKind.WRITE,
    }
    assert targets(plan)["/home/ann"] == (MountKind.WRITE, f"{SESSION_FOLDER}/home")
    assert own_files["/etc/passwd"] == b"ann:x:1000:1000::/home/ann:/bin/sh\n"
    assert own_files["/etc/group"] == b"ann:x:1000:\n"
    assert "/etc/shadow" not in own_files


def test_a_plan_survives_its_way_to_the_launcher() -> None:
    plan = planned(for_claude(ALL + ", deny: [src/**]}")).plan
    assert from_json(json.loads(json.dumps(to_json(plan)))) == plan


def test_where_bin_is_a_folder_it_is_given_as_one() -> None:
    host = made_host("/bin/sh", "/lib/libc.so", links={"/bin": ""})
    files = host.files
    files._add("/bin", Kind.FOLDER)  # type: ignore[attr-defined]
    assert targets(planned(a_policy(), host))["/bin"] == (MountKind.READ, "/bin")


def test_a_grant_is_mounted_with_its_line_and_nothing_else_beside_it() -> None:
    host = made_host("/data/set/a.csv", "/data/other/b", owners={"/data": 7})
    plan = planned(for_claude('{read: ["**", /data/set/**]}'), host)
    assert [each for each in plan.plan.mounts if each.target.startswith("/data")] == [
        Mount(
            target="/data/set",
            kind=MountKind.READ,
            source="/data/set",
            why=Why(text="rule agents:4", place=LINE),
        )
    ]
    assert shows(plan, host, "/data/set/a.csv") == "read"
    assert shows(plan, host, "/data/other/b") is None


def test_to_read_is_not_to_write_even_where_nothing_is_enforced() -> None:
    host = made_host("/data/set/a.csv", "/data/out/b")
    plan = planned(for_claude("{read: [/data/set/**], write: [/data/out/**]}", mode="observe"), host)
    assert [shows(plan, host, each) for each in ("/data/set/a.csv", "/data/out/b")] == ["read", "write"]


def test_what_may_be_written_and_not_read_is_not_given() -> None:
    host = made_host("/data/out/b")
    plan = planned(for_claude('{read: ["**"], write: [/data/out/**]}'), host)
    assert shows(plan, host, "/data/out/b") is None
    assert [each.reason for each in plan.withheld] == [Reason.DENIED]


def test_another_agents_grant_gives_nothing() -> None:
    host = made_host("/data/set/a.csv")
    policy = for_claude("{read: [/data/set/**]}", mode="observe")
    assert shows(planned(policy, host, agent="codex"), host, "/data/set/a.csv") is None


def test_single_files_and_files_by_pattern_are_given_one_by_one() -> None:
    host = made_host("/data/a.csv", "/data/b.csv", "/data/b.key", "/data/deep/c.csv", "/data/pub/x/y")
    plan = planned(
        for_claude('{read: ["**", /data/a.csv, /data/b*, "/data/*/x/**"], deny: ["/**/*.key"]}'), host
    )
    shown = {
        each: shows(plan, host, each)
        for each in ("/data/a.csv", "/data/b.csv", "/data/b.key", "/data/pub/x/y")
    }
    assert shown == {
        "/data/a.csv": "read",
        "/data/b.csv": "read",
        "/data/b.key": None,
        "/data/pub/x/y": "read",
    }
    assert shows(plan, host, "/data/deep/c.csv") is None


def test_what_is_denied_in_a_folder_that_is_given_is_hidden_with_its_line() -> None:
    host = made_host("/data/a", "/data/secret/b", "/data/x.key", f"{TREE}/keys/k", f"{TREE}/src/z.key")
    denied = '[/data/secret/**, "/data/*.key", keys/**, "**/*.key", /other/**, nothing/**]'
    plan = planned(for_claude(f'{{read: ["**", /data/**], write: ["**"], deny: {denied}}}'), host)
    assert [(e.target, e.kind, e.why.place) for e in plan.plan.mounts if e.kind in HIDING] == [
        ("/data/secret", MountKind.EMPTY_FOLDER, LINE),
        ("/data/x.key", MountKind.EMPTY_FILE, LINE),
        (f"{TREE}/keys", MountKind.EMPTY_FOLDER, LINE),
        (f"{TREE}/src/z.key", MountKind.EMPTY_FILE, LINE),
    ]


def test_what_is_only_denied_to_be_written_can_be_read() -> None:
    policy = a_policy(
        """
        mode: enforce
        profiles: {claude: {files: {read: ["**"], write: ["**"]}}}
        rules: [{id: docs, actions: file.write, match: {path: docs/**}, then: deny}]
        """.replace("\n        ", "\n")
    )
    host = made_host(f"{TREE}/docs/a.md")
    plan = planned(policy, host)
    assert [shows(plan, host, f"{TREE}/{each}") for each in ("docs/a.md", "src/main.c")] == ["read", "write"]
    assert plan.plan.mounts[-1].why == Why(text="rule docs", place=Place(file="p.yaml", line=5))


def test_a_denial_that_is_only_tried_out_hides_nothing() -> None:
    host = made_host(f"{TREE}/keys/k")
    plan = planned(for_claude("{deny: [keys/**]}", mode="warn"), host)
    assert shows(plan, host, f"{TREE}/keys/k") == "write"


def test_an_exception_opens_what_a_rule_denies() -> None:
    text = """
    version: 1
    agents:
      mode: enforce
      profiles: {claude: {files: {read: ["**"]}}}
      rules: [{id: keys, actions: file.read, match: {path: keys/**}, then: deny}]
    exceptions:
      - {id: e1, rule: keys, asked_by: ann, reviewed_by: bob, why: testing, until: UNTIL}
    """
    host = made_host(f"{TREE}/keys/k")
    shown = [
        shows(planned(load([of_tier(text.replace("UNTIL", day))]), host), host, f"{TREE}/keys/k")
        for day in ("2026-12-31", "2026-10-31")
    ]
    assert shown == ["read", None]


def test_what_an_operator_is_asked_about_is_not_given_and_is_told() -> None:
    host = made_host("/data/a", "/data/ours/b")
    plan = planned(for_claude('{read: ["**", /data/**], ask: [/data/ours/**]}'), host)
    assert [shows(plan, host, each) for each in ("/data/a", "/data/ours/b")] == ["read", None]
    (told,) = plan.withheld
    assert (told.path, told.reason, told.why.place) == ("/data/ours/**", Reason.ASKED, LINE)


def test_what_is_not_there_or_only_a_folder_is_told() -> None:
    host = made_host("/data/set/a")
    plan = planned(for_claude('{read: ["**", /nowhere/x, /data/set, "/data/*.csv", /data/set/a/**]}'), host)
    assert [(each.path, each.reason) for each in plan.withheld] == [
        ("/nowhere/x", Reason.ABSENT),
        ("/data/set", Reason.BARE_FOLDER),
        ("/data/*.csv", Reason.ABSENT),
        ("/data/set/a/**", Reason.ABSENT),
    ]


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("/**", "that is the whole machine"),
        ("/home/ann/**", "that is the whole home"),
        ("/home/**", "that is the whole home"),
        ("/proc/**", "the kernel speaks through it"),
        ("/sys/**", "the kernel speaks through it"),
        ("/dev/**", "the kernel speaks through it"),
        ("/run/**", "programs outside of the box listen there"),
        ("/home/ann/.local/**", "/home/ann/.local/state/ringfence is in it, and it is ringfence's own"),
        ("/home/ann/.local/state/ringfence/sessions/**", "it is ringfence's own"),
        ("/sockets/**", "/sockets/agent.1 is in it, and programs outside of the box listen there"),
        ("/home/ann/.ssh/**", "credentials are never in a box"),
    ],
)
def test_a_policy_that_gives_what_no_box_has_is_refused_with_its_line(pattern: str, what: str) -> None:
    host = made_host("/home/ann/.ssh/id", others=("/sockets/agent.1",), sockets=("/sockets/agent.1",))
    with pytest.raises(NeverGiven) as refused:
        planned(for_claude(f'{{read: ["**", "{pattern}"]}}', mode="observe"), host)
    fixed = pattern.removesuffix("/**") or "/"
    assert refused.value.what == f"p.yaml:4: the policy gives {fixed}: {what}"
    assert refused.value.hint


def test_a_rule_that_allows_every_file_is_refused() -> None:
    with pytest.raises(NeverGiven, match="that is the whole machine"):
        planned(a_policy("rules: [{actions: file.read, then: allow}]"))


def test_a_link_gives_what_it_leads_to_only_where_that_is_granted_as_well() -> None:
    links = {"/data/way": "/else/set", "/data/state": "/home/ann/.local/state/ringfence"}
    host = made_host("/else/set/a", links=links, owners={"/data": 1000})
    only_link = planned(for_claude('{read: ["**", /data/way/**]}'), host)
    assert [(each.reason, shows(only_link, host, "/else/set/a")) for each in only_link.withheld] == [
        (Reason.LINK, None)
    ]
    both = planned(for_claude('{read: ["**", /data/way/**, /else/set/**]}'), host)
    assert shows(both, host, "/else/set/a") == "read"
    assert targets(both)["/data/way"] == (MountKind.SYMLINK, "/else/set")
    with pytest.raises(NeverGiven):
        planned(for_claude('{read: ["**", /data/state/**]}'), host)


def test_the_tree_is_as_writable_as_the_policy_says() -> None:
    host = made_host(f"{TREE}/docs/a.md")
    plan = planned(for_claude('{read: ["**"], write: [docs/**]}'), host)
    assert [shows(plan, host, f"{TREE}/{each}") for each in ("docs/a.md", "src/main.c")] == ["write", "read"]


def test_parts_of_the_tree_are_given_alone_where_the_rest_may_not_be_read() -> None:
    host = made_host(f"{TREE}/docs/a.md", f"{TREE}/b.md")
    plan = planned(for_claude('{read: [docs/**, "*.md"]}'), host)
    shown = [shows(plan, host, f"{TREE}/{each}") for each in ("docs/a.md", "b.md", "src/main.c")]
    assert shown == ["read", "read", None]
    assert targets(plan)[TREE] == (MountKind.MEMORY, None)


def test_a_tree_of_which_nothing_may_be_read_is_refused() -> None:
    with pytest.raises(UnreadableScope, match="lets claude read nothing of /home/ann/work/shop"):
        planned(for_claude("{read: [/data/**]}"))


def test_a_full_name_in_the_tree_is_denied_as_well() -> None:
    host = made_host(f"{TREE}/keys/k")
    plan = planned(for_claude(f'{{read: ["**"], deny: [{TREE}/keys/**, /home/**]}}'), host)
    assert [shows(plan, host, f"{TREE}/{each}") for each in ("keys/k", "src/main.c")] == [None, "read"]


def test_denying_programs_of_the_system_is_refused_and_other_folders_are_left_out() -> None:
    assert "/opt" not in targets(planned(for_claude('{read: ["**"], deny: [/opt/**]}')))
    with pytest.raises(NothingRuns, match=r"p\.yaml:4: the policy denies /usr"):
        planned(for_claude('{read: ["**"], deny: [/**]}'))


def test_what_lies_below_a_denied_place_of_the_system_is_hidden() -> None:
    host = made_host("/usr/share/games/x")
    plan = planned(for_claude('{read: ["**"], deny: [/usr/share/games/**]}'), host)
    assert targets(plan)["/usr/share/games"] == (MountKind.EMPTY_FOLDER, None)


def test_a_working_tree_s_document_takes_and_never_gives() -> None:
    host = made_host("/data/a", f"{TREE}/keys/k")
    policy = a_policy(
        tree="mode: enforce\nprofiles: {claude: {files: {read: ['**', /data/**], deny: [keys/**]}}}"
    )
    plan = planned(policy, host)
    assert [shows(plan, host, each) for each in ("/data/a", f"{TREE}/keys/k")] == [None, None]
    assert shows(plan, host, f"{TREE}/src/main.c") == "read"


def test_credentials_within_a_folder_that_is_given_are_hidden() -> None:
    names = (".config/gh/hosts.yml", ".config/tool/x", ".config/pip/pip.conf")
    host = made_host(*(f"/home/ann/{each}" for each in names))
    plan = planned(for_claude('{read: ["**", /home/ann/.config/**]}'), host)
    assert [shows(plan, host, f"/home/ann/{each}") for each in names] == [None, "read", None]


def test_two_thousand_grants_are_two_thousand_places() -> None:
    host = made_host(*(f"/data/{number}/x" for number in range(2000)))
    grants = ", ".join(f"/data/{number}/**" for number in range(2000))
    plan = planned(for_claude(f'{{read: ["**", {grants}]}}'), host)
    assert sum(each.target.startswith("/data/") for each in plan.plan.mounts) == 2000


def test_names_with_newlines_and_of_other_encodings_are_given_and_hidden() -> None:
    odd = os.fsdecode(b"line\nand \xff")
    host = made_host(f"/data/{odd}/x", f"{TREE}/{odd}/{odd}.key")
    plan = planned(for_claude('{read: ["**", "/data/*/**"], deny: ["**/*.key"]}'), host)
    assert shows(plan, host, f"/data/{odd}/x") == "read"
    assert shows(plan, host, f"{TREE}/{odd}/{odd}.key") is None
    assert from_json(json.loads(json.dumps(to_json(plan.plan)))) == plan.plan


def test_a_user_stays_who_they_are() -> None:
    assert planned(a_policy()).plan.identity == Identity(
        host_uid=1000, host_gid=1000, uid=1000, gid=1000, name="ann", owner_uid=1000, owner_gid=1000
    )


def test_root_is_nobody_and_its_files_are_shown_as_the_command_s() -> None:
    host = made_host("/data/a", "/else/b", uid=0, owners={"/else": 7})
    plan = planned(for_claude('{read: ["**", /data/**, /else/**]}'), host).plan
    assert plan.identity == Identity(
        host_uid=1_380_000_000,
        host_gid=1_380_000_000,
        uid=1000,
        gid=1000,
        name="root",
        owner_uid=0,
        owner_gid=0,
    )
    assert {each.target for each in plan.mounts if each.is_user_s} == {"/data", "/home/ann", TREE}


def test_for_root_in_a_user_s_tree_the_command_is_that_user() -> None:
    host = made_host(uid=0, owners={TREE: 1000})
    assert planned(a_policy(), host).plan.identity == Identity(
        host_uid=1000, host_gid=1000, uid=1000, gid=1000, name="ann", owner_uid=1000, owner_gid=1000
    )


def test_a_user_of_root_s_group_is_refused() -> None:
    host = made_host()
    with pytest.raises(NoIdentity):
        planned(a_policy(), replace(host, user=replace(host.user, gid=0)))


def test_a_home_behind_a_link_is_itself_and_the_link() -> None:
    host = made_host(
        "/disk/ann/work/shop/a",
        "/disk/ann/.pyenv/bin/python",
        links={"/home/bob": "/disk/ann"},
        home="/home/bob",
    )
    plan = planned(a_policy(), host, folder="/home/bob/work/shop")
    assert targets(plan)["/disk/ann"] == (MountKind.WRITE, f"{SESSION_FOLDER}/home")
    assert targets(plan)["/home/bob"] == (MountKind.SYMLINK, "/disk/ann")
    assert targets(plan)["/disk/ann/work/shop"] == (MountKind.WRITE, "/disk/ann/work/shop")
    assert targets(plan)["/disk/ann/.pyenv"] == (MountKind.READ, "/disk/ann/.pyenv")
    assert dict(plan.command.environment)["HOME"] == "/home/bob"


def test_what_is_mounted_in_the_home_is_told_so_that_it_can_be_made_first() -> None:
    host = made_host("/home/ann/.cargo/bin/cargo", "/nvm/x", links={"/home/ann/.nvm": "/nvm"})
    assert planned(a_policy(), host).home_places == (
        HomePlace(path=".cargo", kind=Kind.FOLDER),
        HomePlace(path=".cargo/bin", kind=Kind.FOLDER),
        HomePlace(path=".nvm", kind=Kind.LINK, link="/nvm"),
        HomePlace(path="work", kind=Kind.FOLDER),
        HomePlace(path="work/shop", kind=Kind.FOLDER),
    )


def test_a_home_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(UnreadableScope, match="a session's home cannot be written there") as refused:
        planned(a_policy(), made_host(read_only=("/home/ann",)))
    assert "XDG_STATE_HOME" in refused.value.hint


def test_bounds_and_tracing_come_from_the_policy() -> None:
    assert planned(a_policy()).plan.limits == Limits(processes=4096)
    text = "profiles: {claude: {sandbox: {memory: 100 MB, processes: 7, wall: 2m, debug: true}}}"
    plan = planned(a_policy(text)).plan
    assert plan.limits == Limits(
        memory_bytes=100_000_000, processes=7, wall_s=120, memory_disk_bytes=100_000_000
    )
    assert plan.limits_why == Why(text="sandbox", place=Place(file="p.yaml", line=3))
    assert (plan.debug, plan.debug_why) == (
        True,
        Why(text="sandbox.debug", place=Place(file="p.yaml", line=3)),
    )


def test_what_protects_the_tree_stands_over_what_is_given_and_under_nothing() -> None:
    why = Why(text="git")
    protections = (
        Mount(target=f"{TREE}/.git", source=f"{TREE}/.git", kind=MountKind.WRITE, why=why),
        Mount(target=f"{TREE}/.git/config", source="/run/x/config", kind=MountKind.LINK_OVER, why=why),
        Mount(target=f"{TREE}/src", source=f"{TREE}/src", kind=MountKind.READ, why=why),
        Mount(target=f"{TREE}/keys/k", kind=MountKind.EMPTY_FILE, why=why),
        Mount(target="/run/x", source=f"{SESSION_FOLDER}/git/0", kind=MountKind.WRITE, why=why),
    )
    host = made_host(f"{TREE}/keys/k")
    plan = planned(for_claude(ALL + ", deny: [keys/**]}"), host, protections=protections)
    order = [each.target for each in plan.plan.mounts if each.target.startswith((TREE, "/run/x"))]
    assert order == [
        TREE,
        f"{TREE}/.git",
        "/run/x",
        f"{TREE}/.git/config",
        f"{TREE}/keys",
        f"{TREE}/src",
    ]
    read_only = planned(for_claude('{read: ["**"]}'), host, protections=protections)
    assert shows(read_only, host, f"{TREE}/.git/config") is None
    assert shows(read_only, host, f"{TREE}/src/main.c") == "read"
    assert MountKind.WRITE not in {k for name, (k, _) in targets(read_only).items() if name.startswith(TREE)}


def test_files_that_a_rule_leaves_out_of_its_pattern_are_judged_one_by_one() -> None:
    rule = '{id: top, actions: file.read, match: {path: {like: "**", not: "*/**"}}, then: deny}'
    host = made_host(f"{TREE}/top.txt")
    plan = planned(
        a_policy(f"mode: enforce\nprofiles: {{claude: {{files: {{read: ['**']}}}}}}\nrules: [{rule}]"), host
    )
    assert [shows(plan, host, f"{TREE}/{each}") for each in ("top.txt", "src/main.c")] == [None, "read"]


def test_what_an_exception_takes_from_an_allowance_is_hidden() -> None:
    text = """
    version: 1
    agents:
      mode: enforce
      rules: [{id: all, actions: [file.read], match: {path: "**"}, then: allow}]
    exceptions:
      - {id: e, rule: all, match: {path: src/main.c}, asked_by: a, reviewed_by: b, why: c, until: 2026-12-31}
    """
    host = made_host(f"{TREE}/docs/a")
    plan = planned(load([of_tier(text)]), host)
    assert [shows(plan, host, f"{TREE}/{each}") for each in ("docs/a", "src/main.c")] == ["read", None]


def test_a_user_s_allowance_opens_nothing_below_the_system_s_ceiling() -> None:
    parts = [
        of_tier(
            "version: 1\nagents: {mode: enforce, profiles: {claude: {files: {read: ['src/**']}}}}",
            Tier.SYSTEM,
        ),
        of_tier(
            "version: 1\nagents: {profiles: {claude: {files: {read: ['**', /data/**]}}}}", Tier.USER, "u.yaml"
        ),
    ]
    host = made_host(f"{TREE}/docs/a", "/data/b")
    plan = planned(load(parts), host)
    shown = [shows(plan, host, each) for each in (f"{TREE}/src/main.c", f"{TREE}/docs/a", "/data/b")]
    assert shown == ["read", None, None]


def test_a_folder_is_given_as_a_whole_only_where_every_name_in_it_is_allowed() -> None:
    host = made_host(f"{TREE}/top.txt", "/data/top.csv", "/data/set/a.csv")
    written = planned(for_claude('{read: ["**"], write: ["*/**"]}'), host)
    assert [shows(written, host, f"{TREE}/{each}") for each in ("top.txt", "src/main.c")] == ["read", "write"]
    upper = 'mode: enforce\nprofiles: {claude: {files: {read: ["**", /data/**]}}}'
    narrowed = 'mode: enforce\nprofiles: {claude: {files: {read: ["**", "/data/*/**"]}}}'
    plan = planned(a_policy(upper, tree=narrowed), host)
    assert shows(plan, host, "/data/top.csv") is None
    parts = [
        of_tier(
            "version: 1\nagents: {mode: enforce, profiles: {claude: {files: {read: ['*/**']}}}}", Tier.SYSTEM
        ),
        of_tier("version: 1\nagents: {profiles: {claude: {files: {read: ['**']}}}}", Tier.USER, "u.yaml"),
    ]
    below_ceiling = planned(load(parts), host)
    shown = [shows(below_ceiling, host, f"{TREE}/{each}") for each in ("top.txt", "src/main.c")]
    assert shown == [None, "read"]
