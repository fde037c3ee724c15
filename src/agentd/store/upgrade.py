"""A database of an older release is upgraded by a process of its own: what Alembic takes is given back as it ends.

    upgrade(settings) ---- URL and state directory, JSON ---> python -m agentd.store.upgrade
                      <--- status 0; or FAILED, and its error, pickled ---

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

# -P: what happens to lie in the working directory is no module of ours.
COMMAND: Final = (sys.executable, "-P", "-m", "agentd.store.upgrade")
FAILED: Final = 3  # the child's status when the database refused; any other but 0 means that it did not get so far


def upgrade(settings: Settings) -> None:
    """Bring the schema up to date. Blocks: call it in a thread. Raises `StoreError`, from the database's own error, as
    if the transaction had been one of ours; or without a cause, when the child could not be run to its end. What it had
    done is undone then: it is one transaction."""
    place = {"database_url": settings.database_url.get_secret_value(), "state_dir": str(settings.state_dir)}
    try:
        child = subprocess.run(COMMAND, input=msgspec.json.encode(place), stdout=subprocess.PIPE)
    except OSError as error:
        raise StoreError(f"its upgrade cannot be started: {error}") from None
    if child.returncode == FAILED:
        refused = pickle.loads(child.stdout)
        raise StoreError(said(refused)) from refused
    if child.returncode:
        raise StoreError(f"its upgrade was cut off (status {child.returncode})")


def main() -> int:
    """In the child."""
    database = Database(Settings.of(**msgspec.json.decode(sys.stdin.buffer.read())))
    try:
        database.transaction(migrate)
    except StoreError as error:
        sys.stdout.buffer.write(pickle.dumps(error.__cause__))
        return FAILED
    else:
        return 0
    finally:
        database.close()


if __name__ == "__main__":
    sys.exit(main())
