"""`ringfence policy diff` of what is no rule: who approves, and what is kept."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from ringfence.app.documents import SCHEMA_FOLDER
from running_policy import policy

VALUES = """version: 1
retention:
  events: [{types: "*", days: 90}]
  never_collected: [keystrokes]
operators:
  approve: [{who: alice, what: model.use, up_to: {uses: 10}}]
  break_glass: {who: bob, lasts: 1h}
"""


def test_diff_says_which_values_let_more_pass_and_which_less(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(VALUES)
    (tmp_path / "new.yaml").write_text(VALUES.replace("uses: 10", "uses: 20").replace("1h", "30m"))
    done = policy("diff", "old.yaml", "new.yaml", home=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "Wider values  1\n"
        "  + operators.approve: more is approved\n"
        "      before: `alice` may approve `model.use`, at most 10 uses  old.yaml:6\n"
        "      after: `alice` may approve `model.use`, at most 20 uses  new.yaml:6\n"
        "\n"
        "Narrower values  1\n"
        "  - operators.break_glass: less passes in an emergency\n"
        "      before: `bob` may let everything pass for 1 hour  old.yaml:7\n"
        "      after: `bob` may let everything pass for 30 minutes  new.yaml:7\n"
    )
    document = json.loads(policy("diff", "old.yaml", "new.yaml", "--json", home=tmp_path).stdout)
    schema = json.loads((SCHEMA_FOLDER / "policy-diff-1.json").read_text())
    Draft202012Validator(schema).validate(document)
    assert (document["wider"], document["wider_values"]) == (
        True,
        [
            {
                "about": "operators.approve",
                "what": "more is approved",
                "before": "`alice` may approve `model.use`, at most 10 uses",
                "before_at": "old.yaml:6",
                "after": "`alice` may approve `model.use`, at most 20 uses",
                "after_at": "new.yaml:6",
            }
        ],
    )
    (tmp_path / "less.yaml").write_text(VALUES.replace("uses: 10", "uses: 5"))
    assert policy("diff", "old.yaml", "less.yaml", home=tmp_path).returncode == 0
