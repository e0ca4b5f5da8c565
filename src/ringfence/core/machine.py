"""What runs on a machine, and what is installed on it, as far as AI is concerned."""

from enum import StrEnum
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Finding
from ringfence.core.standings import Standing

__all__ = [
    "Accelerator",
    "AcceleratorUse",
    "Agent",
    "Capability",
    "Credential",
    "Listener",
    "McpServer",
    "Network",
    "Process",
    "Repository",
    "Runtime",
    "RuntimeKind",
    "Skill",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A program that holds weights or an inference library."""

    pid: int
    name: str  # what the kernel calls it
    user: str | None  # owner's name, or the number when it has none
    command: tuple[str, ...]  # argument by argument; values that look secret are cut
    runtime: str | None  # which runtime it seems to be, e.g. ollama
    libraries: tuple[str, ...]  # inference libraries it has mapped, file names only
    models: tuple[Path, ...]  # weight files it has mapped, open or named on its command line
    evidence: tuple[str, ...]  # why it is listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A local server that answers model requests, or a port that could not be told apart from one."""

    address: str  # as bound: 127.0.0.1, ::1, 0.0.0.0
    port: int
    server: str | None  # a name from the table of servers; None when it is unknown
    confidence: Confidence
    exposed: bool  # bound to an address that other machines can reach
    models: tuple[str, ...]  # names it answers with
    pid: int | None
    evidence: tuple[str, ...]  # which answers and which process facts led to `server`
    findings: tuple[Finding, ...] = ()
    standing: Standing | None = None  # None when there was no policy to judge it by


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceleratorUse:
    """One process's use of one accelerator."""

    pid: int
    name: str | None
    memory_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """A GPU or NPU, and who uses it at this moment. None stands for what the driver does not tell."""

    kind: str  # gpu or npu
    vendor: str  # nvidia, amd, intel, or the driver's name
    name: str
    device: str  # uuid, PCI address or /dev node
    memory_total_bytes: int | None
    memory_used_bytes: int | None
    utilization_percent: int | None
    processes: tuple[AcceleratorUse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Whether the machine can reach anybody. Looked up from routes and interfaces; nothing is sent."""

    online: bool | None  # there is a default route over an interface that is up
    vpn_configured: bool | None  # a VPN interface or profile exists
    vpn_up: bool | None
    interfaces: tuple[str, ...]  # those that are up, loopback left out


class RuntimeKind(StrEnum):
    """What an installed program does with models."""

    RUNTIME = "runtime"
    CONVERTER = "converter"
    FRONT_END = "front-end"
    LIBRARY = "library"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """An installed program or package that runs, converts or fronts models."""

    kind: RuntimeKind
    name: str
    version: str | None
    source: str  # pip, npm, dpkg, application, executable
    location: Path
    standing: Standing | None = None  # None when there was no policy to judge it by


@dataclass(frozen=True, slots=True, kw_only=True)
class McpServer:
    """A tool server that an agent is configured to use."""

    name: str
    transport: str  # stdio, http or sse
    command: tuple[str, ...]  # for stdio; values that look secret are cut
    url: str | None  # without user, password and query
    configured_in: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """Instructions, and perhaps code, that an agent loads."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """That an agent holds a secret, and where. Never the secret."""

    kind: str  # e.g. anthropic-api-key, oauth-token
    location: str  # an environment variable, a file and key within it, or a keyring entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A program that lets a model act, as installed or configured here."""

    name: str
    version: str | None
    locations: tuple[Path, ...]  # its programs, settings and state
    mcp_servers: tuple[McpServer, ...] = ()
    skills: tuple[Skill, ...] = ()
    credentials: tuple[Credential, ...] = ()
    findings: tuple[Finding, ...] = ()
    standing: Standing | None = None  # None when there was no policy to judge it by


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A working tree with code, and which records say what models wrote it."""

    path: Path
    records: tuple[str, ...]  # agent-trace, git-ai
    agent_marks: tuple[str, ...]  # files that show that agents work here, e.g. CLAUDE.md


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One thing that a kernel or machine may offer, and what ringfence cannot do without it."""

    name: str  # e.g. landlock
    available: bool | None  # None: could not be found out
    detail: str  # e.g. "ABI 6", or why not; harmless to print
    lost_without: str  # one sentence for people
