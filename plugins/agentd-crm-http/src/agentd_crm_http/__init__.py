"""An external CRM, and perhaps its calendar, in place of the store's own; the contract is in this plugin's README.

Nothing heavy is imported here: the client is imported when a CRM is configured.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import agentd

if TYPE_CHECKING:
    from agentd.config import Settings
    from agentd.office import Office


@agentd.hookimpl
def agentd_office(config: Settings, own: Office) -> Office | None:
    from agentd_crm_http.access import access

    server = access(os.environ)
    if server is None:
        return None
    from agentd_crm_http.office import office

    return office(server, own)


@agentd.hookimpl
def agentd_check(config: Settings) -> Iterable[tuple[str, bool, str]]:
    from agentd_crm_http.access import rows

    return list(rows(os.environ))
