"""A database of an older release is upgraded by a process of its own: what Alembic takes is given back as it ends.

    upgrade(settings) ---- URL and state directory, JSON ---> python -m agentd.store.upgrade
                      <--- nothing, or its error, pickled ---

The URL goes through the pipe: it has a password in it, and arguments can be read by everybody.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Final

import msgspec

from agentd.config import Settings
from agentd.storage import StoreError
from agentd.store.database import Database, said
from agentd.store.migrate import migrate

COMMAND: Final = (sys.executable, "-m", "agentd.store.upgrade")


def upgrade(settings: Settings) -> None:
    """Bring the schema up to date. Blocks: call it in a thread. Raises `StoreError`, from the database's own error, as
    if the transaction had been one of ours."""
    place = {"database_url": settings.database_url.get_secret_value(), "state_dir": str(settings.state_dir)}
    child = subprocess.run(COMMAND, input=msgspec.json.encode(place), stdout=subprocess.PIPE, check=True)
    if child.stdout:
        error = pickle.loads(child.stdout)
        raise StoreError(said(error)) from error


def main() -> None:
    """In the child."""
    database = Database(Settings.of(**msgspec.json.decode(sys.stdin.buffer.read())))
    try:
        database.transaction(migrate)
    except StoreError as error:
        sys.stdout.buffer.write(pickle.dumps(error.__cause__))
    finally:
        database.close()


if __name__ == "__main__":
    main()
