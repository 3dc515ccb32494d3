"""Jinja2 templates, from the checkout or from the installed wheel; the only importer of jinja2."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

_HERE = Path(__file__).parent


def template_path() -> Path:
    """Return the templates directory: beside the packages in a checkout, inside `ops` in a wheel."""
    packaged = _HERE / "_templates"
    return packaged if packaged.is_dir() else _HERE.parent / "templates"


@cache
def environment() -> Environment:
    """Return the one environment; HTML is escaped, an undefined variable is an error."""
    return Environment(
        loader=FileSystemLoader(template_path()),
        autoescape=select_autoescape(("html", "html.j2")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(name: str, **values: object) -> str:
    """Fill one template in, by its path below the templates directory."""
    return environment().get_template(name).render(**values)
