"""yarn's registries, as its own settings of the user name them; npm's count for it besides.

Source: yarn's documentation, "yarnrc" (2 and later) and ".yarnrc" (1).
"""

import re
from collections.abc import Iterator

from ringfence.core.limits import LIMITS
from ringfence.endpoint.registries.looking import Looking, Role, Said

__all__ = ["settings"]

_FILES = {
    ".yarnrc.yml": re.compile(r"""\s*npmRegistryServer:\s{1,20}["']?(https?://[!#-&(-~]+)["']?\s*"""),
    ".yarnrc": re.compile(r"""registry\s{1,20}["']?(https?://[!#-&(-~]+)["']?\s*"""),
}


def settings(looking: Looking) -> Iterator[Said]:
    """What is set: of the first file that sets any, the first is asked instead of npm's."""
    for name, written in _FILES.items():
        path = looking.home.path / name
        lines = (looking.text(path) or "").split("\n")[: LIMITS.registry_settings_lines]
        for number, line in enumerate(lines, 1):
            if found := written.fullmatch(line):
                role = Role.EXTRA if line[0] in " \t" else Role.INDEX  # within a scope, or for all
                file = looking.named(path)
                yield Said(program="yarn", role=role, address=found[1], file=file, line=number)
