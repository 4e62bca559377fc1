"""Write docs/settings.md from the settings tree; with `--check`, only say whether it is current."""

from __future__ import annotations

import sys
from pathlib import Path

from luthier.settings import Settings
from luthier.settings_file import SettingRow, every_setting
from luthier.settings_tree import BLOCKS, FOREIGN, SETTINGS

TARGET = Path(__file__).parents[1] / "docs" / "settings.md"

HEAD = """\
# Settings

<!-- Made by scripts/gen_settings_docs.py from src/luthier/settings.py: edit there. -->

One tree, read from a YAML file and overridden by flags. Every name here is a flag too:
`--train.learning_rate 2e-5`; where the last part belongs to one setting only, it is enough
(`--learning_rate 2e-5`).

```yaml
# luthier.yaml
recipe: classic
text:
  max_length: 64
train:
  learning_rate: 3e-5
  class_weights: balanced
```

A value is chosen in this order: a flag, the file, what was measured on this machine, the recipe,
the default. The run folder's `run.yaml` says for each setting which of them it was; given as a
settings file, it repeats the run. `luthier settings` prints this list.
"""

FOREIGN_HEAD = """\
## Names in other tools

A file or a flag with one of these names gets a message that says what the setting is called here.

| name elsewhere | here |
|---|---|
"""


def shown(value: object) -> str:
    """A default as it is written in YAML."""
    if value is None:
        return "not given"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def line(row: SettingRow) -> str:
    """One line of a table."""
    expects = SETTINGS[row.name].expects + (f" ({row.unit})" if row.unit else "")
    return f"| `{row.name}` | {shown(row.default)} | {expects} | {row.meaning} |\n"


def page() -> str:
    """The whole page."""
    rows = every_setting()
    parts = [HEAD]
    for block in ("", *BLOCKS):
        field = Settings.model_fields.get(block)
        about = (field.annotation.__doc__ or "") if field and field.annotation else ""
        title = f"`{block}`" if block else "At the top of the file"
        parts.append(f"\n## {title}\n\n{about}".rstrip() + "\n\n")
        parts.append("| setting | default | value | meaning |\n|---|---|---|---|\n")
        parts += [line(row) for row in rows if SETTINGS[row.name].block == block]
    parts.append("\n" + FOREIGN_HEAD)
    parts += [f"| `{name}` | `{ours}` |\n" for name, ours in FOREIGN.items()]
    return "".join(parts)


def main() -> int:
    """Write the page, or check it; 1 when it is not current."""
    text = page()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8", newline="\n")
        return 0
    if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{TARGET} is not current: python scripts/gen_settings_docs.py\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
