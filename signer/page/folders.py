"""Where our own templates lie; told without loading the press, for every start asks whether they are there."""

from pathlib import Path
from typing import Final

OWN_TEMPLATES: Final = Path(__file__).parent.parent / "templates"
