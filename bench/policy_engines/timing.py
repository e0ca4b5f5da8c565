"""Says what one decision of another engine takes: `python timing.py ENGINE` reads and writes JSON.

Runs in that engine's own environment. In: `policies`, and `requests`; out: `p50_s`, and `allowed`, one answer
for each request. Policies are parsed beforehand, as ours are.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

_ROUNDS = 10


def _cedarpy(policies: str) -> Callable[[Any], bool]:
    import cedarpy

    parsed, nobody = cedarpy.PolicySet.from_str(policies), cedarpy.Entities.from_json_str("[]")
    return lambda request: bool(cedarpy.is_authorized(request, parsed, nobody).allowed)


def _regopy(policies: str) -> Callable[[Any], bool]:
    import regopy  # type: ignore[import-not-found]

    rego = regopy.Interpreter()
    rego.add_module("bench", policies)
    bundle = rego.build("data.bench.allowed")

    def ask(request: Any) -> bool:  # noqa: ANN401 - as each engine takes it
        rego.set_input(request)
        return '"expressions":[true]' in str(rego.query_bundle(bundle))  # its nodes die with their output

    return ask


def main() -> None:
    """Times every request alone."""
    given = json.load(sys.stdin)
    ask = {"cedarpy": _cedarpy, "regopy": _regopy}[sys.argv[1]](given["policies"])
    allowed = [ask(request) for request in given["requests"]]
    took: list[float] = []
    for _ in range(_ROUNDS):
        for request in given["requests"]:
            started = time.perf_counter()
            ask(request)
            took.append(time.perf_counter() - started)
    json.dump({"p50_s": statistics.median(took), "allowed": allowed}, sys.stdout)


if __name__ == "__main__":
    main()
