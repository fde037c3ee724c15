"""`docs/settings.md` is what the settings class says: every name, default, bound and meaning.

Write the page anew with `python tests/test_settings_page.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from agentd.config import Settings
from agentd.config_rules import DEAD_NAMES, PROFILES, env_name

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"

INTRODUCTION = """\
# Settings

A setting is an environment variable, or the same name in `agentd.toml` (any case). The first of these that has a value
wins: a flag of the command line, the environment, a credential of systemd (`LoadCredential=TWILIO_AUTH_TOKEN:...`;
secrets only), `agentd.toml`, the profile, the default. `agentd check --show` prints what is in force and where it came
from. The file is the one named by `--config` or `AGENTD_CONFIG`, else `agentd.toml` in the working directory.

- Booleans: 0/1, true/false, yes/no, on/off. Lists: commas between. An empty variable counts as not set, except
  `AI_GREETING_HE`, where empty means "no greeting".
- A key of the file that is no setting is an error that names the nearest one. Unknown variables never are.
- A wrong value ends the process with exit code 2 and one line that names the file or the environment, the key and the
  cure.
- `PUBLIC_BASE_URL` and `TWILIO_AUTH_TOKEN` are required, except when agentd is bound to loopback without a public
  address.
"""


def bounds(field: Any) -> str:
    """ "200 to 3000", ">= 1", "" """
    found = {type(each).__name__: each for each in field.metadata}
    low = getattr(found.get("Ge"), "ge", None)
    high = getattr(found.get("Le"), "le", None)
    if "Gt" in found:
        return f"> {found['Gt'].gt:g}" + (f", to {high:g}" if high is not None else "")
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f">= {low:g}" if low is not None else ""


def default(value: Any) -> str:
    if value in (None, "", ()) or isinstance(value, SecretStr):
        return ""
    if isinstance(value, tuple):
        return ",".join(default(part) for part in value)
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:g}" if isinstance(value, float) else str(value)


def page() -> str:
    lines = [INTRODUCTION, "| name | default | range | meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        shown = "in the user's state directory" if name == "state_dir" else default(field.default)
        lines.append(f"| `{env_name(name)}` | {shown} | {bounds(field)} | {field.description} |")
    settings = [env_name(name) for name in PROFILES["balanced"]]
    lines += ["", "## Profiles", "", "`PROFILE` sets these, unless they are set by hand:", ""]
    lines += [f"| profile | {' | '.join(f'`{name}`' for name in settings)} |", "|---" * (len(settings) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(f'{value:g}' for value in row.values())} |" for name, row in PROFILES.items()]
    lines += ["", "## Names of older deployments", "", "They get one warning and mean nothing:", ""]
    lines += [f"- `{name}`: {why}" for name, why in DEAD_NAMES.items()]
    return "\n".join(lines) + "\n"


def test_the_page_says_what_the_class_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), f"write it anew: python {Path(__file__).name}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
