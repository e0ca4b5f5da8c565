"""Runtimes, converters, front ends and libraries that are installed, whether or not they run.

Known names only (packages/products.py). Nothing found is run or imported; versions are what metadata says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.core.machine import Runtime
from ringfence.endpoint.home import Home
from ringfence.endpoint.packages import applications, npm, pip
from ringfence.endpoint.packages.dpkg import debian_packages
from ringfence.endpoint.packages.package import Package
from ringfence.endpoint.packages.products import PRODUCTS, Product
from ringfence.endpoint.places import places

__all__ = ["find_runtimes"]

_BY_PIP = {name: product for product in PRODUCTS for name in product.pip}
_BY_NPM = {name: product for product in PRODUCTS for name in product.npm}
_BY_DEBIAN = {name: product for product in PRODUCTS for name in product.debian}
_BY_APPLICATION = {name: product for product in PRODUCTS for name in product.applications}
_BY_EXECUTABLE = {name: product for product in PRODUCTS for name in product.executables}
_BY_CHECKOUT = {name: product for product in PRODUCTS for name in product.checkout}


def find_runtimes(
    homes: Sequence[Home],
    environments: Iterable[Path] = (),
    node_modules: Iterable[Path] = (),
    *,
    system: Path | None,
) -> Iterator[Runtime | Skipped]:
    """What is installed in `homes`, in the given `environments` and `node_modules`, and for everybody.

    `system` is the root of the machine's own files, None when only homes are looked at: a backup, say.
    Each program is told once per place.
    """
    seen: set[Runtime | Skipped] = set()
    for found in _all(homes, environments, node_modules, system):
        if found not in seen:
            seen.add(found)
            yield found


def _all(
    homes: Sequence[Home], environments: Iterable[Path], node_modules: Iterable[Path], system: Path | None
) -> Iterator[Runtime | Skipped]:
    for environment in environments:
        yield from _in_sites(pip.site_folders(environment))
    yield from _in_node_modules(node_modules)
    for home in homes:
        yield from _in_home(home)
    if system is not None:
        yield from _in_sites(pip.system_site_folders(system))
        yield from _in_node_modules(npm.system_folders(system))
        yield from _told(debian_packages(system, _BY_DEBIAN), _BY_DEBIAN, "dpkg")
        folders, executables = applications.system_folders(system)
        yield from _in_folders(folders, executables)


def _in_home(home: Home) -> Iterator[Runtime | Skipped]:
    yield from _in_sites(pip.user_site_folders(home))
    for environment in pip.environments_of(home):
        if isinstance(environment, Skipped):
            yield environment
        else:
            yield from _in_sites(pip.site_folders(environment))
    yield from _in_node_modules(npm.global_folders(home))
    folders, executables = applications.folders_of(home)
    yield from _in_folders(
        (path for place in folders for path in places(home, place)),
        (path for place in executables for path in places(home, place)),
    )
    for found in applications.checkouts_in(home, _BY_CHECKOUT):
        if isinstance(found, Skipped):
            yield found
        else:
            mark, folder = found
            yield _runtime(_BY_CHECKOUT[mark], None, "application", folder)


def _in_sites(folders: Iterable[Path | Skipped]) -> Iterator[Runtime | Skipped]:
    for folder in folders:
        if isinstance(folder, Skipped):
            yield folder
        else:
            yield from _told(pip.pip_packages(folder, _BY_PIP), _BY_PIP, "pip")


def _in_node_modules(folders: Iterable[Path | Skipped]) -> Iterator[Runtime | Skipped]:
    for folder in folders:
        if isinstance(folder, Skipped):
            yield folder
        else:
            yield from _told(npm.npm_packages(folder, _BY_NPM), _BY_NPM, "npm")


def _in_folders(
    folders: Iterable[Path | Skipped], executables: Iterable[Path | Skipped]
) -> Iterator[Runtime | Skipped]:
    for folder in folders:
        if isinstance(folder, Skipped):
            yield folder
        else:
            found = applications.applications_in(folder, _BY_APPLICATION)
            yield from _told(found, _BY_APPLICATION, "application")
    for folder in executables:
        if isinstance(folder, Skipped):
            yield folder
        else:
            programs = applications.executables_in(folder, _BY_EXECUTABLE)
            yield from _told(programs, _BY_EXECUTABLE, "executable")


def _told(
    found: Iterable[Package | applications.Application | Skipped], table: Mapping[str, Product], source: str
) -> Iterator[Runtime | Skipped]:
    for each in found:
        if isinstance(each, Skipped):
            yield each
        else:
            yield _runtime(table[each.name], each.version, source, each.location)


def _runtime(product: Product, version: str | None, source: str, location: Path) -> Runtime:
    return Runtime(kind=product.kind, name=product.name, version=version, source=source, location=location)
