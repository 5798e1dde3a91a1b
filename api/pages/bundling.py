"""Put script modules that import each other into one, so that a page asks once and not fifteen times.

Promises:
  * A module becomes a function that runs once and hands out what it exports; its text is otherwise the same. The first
    one, which nobody imports, stays a module: it may wait.
  * Our modules import by name, from beside, at their top; what is written otherwise stops the build of the page.
"""

import re
from collections.abc import Mapping
from typing import Final

_IMPORT: Final = re.compile(r'^import \{([^}]*)\} from "\./([a-z0-9-]+)\.js";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export ((?:async )?function|class|const) (\w+)", re.MULTILINE)
_REST: Final = re.compile(r"^(?:import[ {]|export )", re.MULTILINE)


class BundlingError(ValueError):
    """A module imports or exports in a way that is not ours."""


def bundled(entry: str, modules: Mapping[str, str]) -> str:
    """Return one module that does what `entry` and all that it imports do; names are those without `.js`."""
    order: list[str] = []
    _visit(entry, modules, order, ())
    parts = [_wrapped(name, modules[name]) for name in order[:-1]]
    return "".join((*parts, _opened(entry, modules[entry])))


def _visit(name: str, modules: Mapping[str, str], order: list[str], above: tuple[str, ...]) -> None:
    if name in above:
        raise BundlingError(f"{name} imports itself")
    for _, imported in _IMPORT.findall(modules[name]):
        if imported not in order:
            _visit(imported, modules, order, (*above, name))
    order.append(name)


def _wrapped(name: str, text: str) -> str:
    exported = ", ".join(found for _, found in _EXPORT.findall(text))
    plain = _opened(name, _EXPORT.sub(r"\1 \2", text))
    return f"const {_variable(name)} = (() => {{\n{plain}return {{ {exported} }};\n}})();\n"


def _opened(name: str, text: str) -> str:
    opened = _IMPORT.sub(lambda found: f"const {{{' '.join(found[1].split())}}} = {_variable(found[2])};\n", text)
    if _REST.search(opened):
        raise BundlingError(f"{name} imports or exports in another way")
    return opened


def _variable(name: str) -> str:
    return f"module_{name.replace('-', '_')}"
