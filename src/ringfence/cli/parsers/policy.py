"""Options of `ringfence policy …`."""

import argparse
from pathlib import Path
from typing import TypeAlias

from ringfence.cli.options import USES, add_fail_on, add_format, named_path

__all__ = ["TIERS", "add_policy"]

# The words of `policy.rule.Tier`; a test holds them together.
TIERS = ("system", "user", "working-tree")

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_policy(commands: _Commands) -> None:
    """The group `policy`."""
    policy = commands.add_parser(
        "policy",
        help="what may be done with AI on this machine",
        description="Writes, checks, shows and explains the policy, ringfence.yaml. "
        "docs/policy.md has its language.",
    )
    tasks = policy.add_subparsers(dest="task", metavar="TASK", required=True)
    _add_init(tasks)
    _add_check(tasks)
    _add_show(tasks)
    _add_explain(tasks)
    _add_learn(tasks)
    _add_test(tasks)
    _add_diff(tasks)
    _add_render(tasks)
    _add_import(tasks)


def _add_init(tasks: _Commands) -> None:
    init = tasks.add_parser(
        "init",
        help="write a first policy",
        description="Writes the documented starter, which observes everything and blocks nothing, and beside "
        "it the JSON Schema by which editors complete it.",
        epilog="example: ringfence policy init; ringfence policy init --strict -o strict.yaml. "
        "exit status: 0 written, 2 there is a file already, or it cannot be written",
    )
    init.add_argument("--strict", action="store_true", help="the closed one: all else is denied")
    init.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="default: your own policy, which then is in force; - prints it",
    )


def _add_check(tasks: _Commands) -> None:
    check = tasks.add_parser(
        "check",
        help="what is wrong with policies",
        description="Tells everything that is wrong with each document by itself; without FILE, "
        "the documents of this machine and folder together.",
        epilog="example: ringfence policy check ringfence.yaml. "
        "exit status: 0 good, 1 something is wrong, 2 usage, 3 a file cannot be read",
    )
    check.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a document; - is standard input")
    check.add_argument(
        "--tier", choices=TIERS, default="user", help="whose document it is to be (default: %(default)s)"
    )
    add_format(check)


def _add_show(tasks: _Commands) -> None:
    show = tasks.add_parser(
        "show",
        help="which documents are in force",
        description="Lists the documents that the policy in force is made of, and what each contributes.",
        epilog="exit status: 0 done, 1 the documents as they are now are not in force",
    )
    add_format(show)


def _add_explain(tasks: _Commands) -> None:
    explain = tasks.add_parser(
        "explain",
        help="why an action is decided as it is",
        description="Says what each section says of an action and which line does, what that line asked for, "
        "and the smallest change of facts that would turn it.",
        epilog="example: ringfence policy explain --artifact model.gguf --purpose production; "
        """echo '{"action": "host.connect", "host": "example.com", "port": 443}' | """
        "ringfence policy explain --action -. exit status: 0 explained, 1 the policy is not right, 2 usage, "
        "3 a file cannot be read",
    )
    of = explain.add_mutually_exclusive_group(required=True)
    of.add_argument(
        "--action", type=named_path, metavar="FILE", help="an action as JSON; - is standard input"
    )
    of.add_argument(
        "--artifact", type=named_path, metavar="FILE", help="the use of this model, as inspect judges it"
    )
    explain.add_argument(
        "--purpose", choices=USES, metavar="USE", help=f"what the model is for: {', '.join(USES)}"
    )
    explain.add_argument(
        "--in-box", action="store_true", help="as it is decided for a box, where all of it is enforced"
    )
    _add_policies(explain)
    add_format(explain)


def _add_learn(tasks: _Commands) -> None:
    learn = tasks.add_parser(
        "learn",
        help="a policy for what a session was refused",
        description="Prints a policy that would have allowed what a session was refused because no rule is "
        "for it: few lines, each with how often and when. Of a session that ran with --learn it is known "
        "what it would have asked of each host. Nothing of it is in force before you take it over.",
        epilog="example: ringfence policy learn 2c46bcc7 > learned.yaml. "
        "exit status: 0 done, 2 usage, 3 the record cannot be read",
    )
    learn.add_argument("session", metavar="SESSION", help="as ringfence run --report shows it")


def _add_test(tasks: _Commands) -> None:
    test = tasks.add_parser(
        "test",
        help="try the policy on cases",
        description="Decides every case and tells what comes out otherwise, and which rules no case reaches.",
        epilog="docs/policy.md says how cases are written. example: ringfence policy test cases "
        "--policy ringfence.yaml --fail-on uncovered. exit status: 0 all as expected, 1 something is not, "
        "2 usage, 3 a file cannot be read",
    )
    test.add_argument(
        "cases",
        nargs="+",
        type=named_path,
        metavar="CASES",
        help="a file of cases, or a folder of such files",
    )
    add_fail_on(test, ("uncovered",))
    _add_policies(test)
    add_format(test)


def _add_diff(tasks: _Commands) -> None:
    diff = tasks.add_parser(
        "diff",
        help="what another edition makes possible",
        description="Tells what becomes possible that was not, and what no longer is.",
        epilog="example: ringfence policy diff old.yaml ringfence.yaml. "
        "exit status: 0 not wider, 1 wider, or a part could not be decided, 2 usage, "
        "3 a file cannot be read",
    )
    diff.add_argument("old", type=named_path, metavar="OLD", help="the document as it was")
    diff.add_argument("new", type=named_path, metavar="NEW", help="the document as it is to be")
    _add_tier(diff)
    add_format(diff)


def _add_render(tasks: _Commands) -> None:
    render = tasks.add_parser(
        "render",
        help="the policy as people sign it",
        description="Writes the acceptable-use policy: each rule as a sentence, with its name and line.",
        epilog="example: ringfence policy render --format html -o policy.html. exit status: 0 written, "
        "1 the policy is not right, 2 usage, 3 a file cannot be read",
    )
    render.add_argument(
        "--title", default="Acceptable use of AI", metavar="TEXT", help="default: %(default)s"
    )
    render.add_argument("--format", choices=("md", "html"), default="md", help="default: %(default)s")
    render.add_argument(
        "-o", "--output", type=Path, default=Path("-"), metavar="FILE", help="default: -, standard output"
    )
    _add_policies(render)


def _add_import(tasks: _Commands) -> None:
    of = tasks.add_parser(
        "import",
        help="other products' policies",
        description="Writes other products' policies as a policy of ringfence that allows the same or less.",
    ).add_subparsers(dest="product", metavar="PRODUCT", required=True)
    openshell = of.add_parser(
        "openshell",
        help="policies of OpenShell and presets of NemoClaw",
        description="Writes a policy of OpenShell, with the presets of NemoClaw that go into it, as a policy "
        "of ringfence that allows the same or less, and tells what was made stricter.",
        epilog="docs/policy-openshell.md says what becomes of each key. example: ringfence policy import "
        "openshell policy.yaml npm.yaml -o ringfence.yaml. exit status: 0 imported, 1 a file is no such "
        "policy, 2 usage, 3 a file cannot be read",
    )
    openshell.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a policy, or a preset; - is standard input"
    )
    openshell.add_argument(
        "--agent",
        default="*",
        metavar="NAME",
        help="the agent that it is for, a pattern (default: every agent)",
    )
    openshell.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("-"),
        metavar="FILE",
        help="a file that is not there yet; default: -, standard output, with the report beside it",
    )
    add_format(openshell)


def _add_policies(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--policy",
        type=named_path,
        action="append",
        default=[],
        metavar="FILE",
        help="a policy document (may be repeated); default: those of this machine and folder",
    )
    _add_tier(parser)


def _add_tier(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tier", choices=TIERS, default="user", help="whose documents they are to be (default: %(default)s)"
    )
