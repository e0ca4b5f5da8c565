"""Says where mitmdump listens; an addon of its own making."""

import json
import os


def running() -> None:
    """Called once it does."""
    from mitmproxy import ctx  # type: ignore[import-not-found]

    port = ctx.master.addons.get("proxyserver").listen_addrs()[0][1]
    print(json.dumps({"port": port, "pids": [os.getpid()]}), flush=True)
