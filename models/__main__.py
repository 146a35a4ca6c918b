"""`./run models` lists the versions of the demand model, puts one in use by hand, or says no to one that waits."""

import argparse
import getpass
import os
import sys
from collections.abc import Sequence

import sqlalchemy as sa

from models.demand_model import UnreadableModel
from models.promotion import decide, use
from models.registry import NoModel, WrongArtefact, run_of
from remedy.gateways import hdfs
from remedy.gateways.hdfs import FileStoreError
from remedy.gateways.mysql import engine_for
from remedy.schema.pipeline import model_run
from remedy.settings import Settings, SettingsError

SHOWN = ("version", "model", "data_until", "relative_error", "champion_of", "is_proposed")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code is 0, or 2 after a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="./run models", description=__doc__)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb")
    verbs.add_parser("list", help="every version, newest first (also without a verb)")
    one = verbs.add_parser("use", help="put a version in use, if its file is what was trained")
    one.add_argument("version", help="its whole name, as the list shows it")
    one = verbs.add_parser("reject", help="say no to a version that waits for a word")
    one.add_argument("version", help="its whole name, as the list shows it")
    asked = parser.parse_args(arguments)
    try:
        settings = Settings.from_env(os.environ)
        engine = engine_for(settings.database_url)
        files = hdfs.connect(settings.hdfs_url, settings.hdfs_user, settings.hdfs_root)
        if asked.verb == "use":
            print(use(engine, files, asked.version, by=getpass.getuser()).sentence)
        elif asked.verb == "reject":
            with engine.connect() as connection:
                run_of(connection, asked.version)
            by = getpass.getuser()
            print(decide(engine, files, asked.version, is_approved=False, by=by).sentence)
        else:
            with engine.connect() as connection:
                _list(connection)
    except (SettingsError, NoModel, WrongArtefact, UnreadableModel, FileStoreError) as error:
        print(f"models: {error}", file=sys.stderr)
        return 2
    except sa.exc.DBAPIError as error:
        print(
            f"models: MySQL did not do what was asked ({type(error.orig).__name__}); "
            "`./run status` says whether it runs.",
            file=sys.stderr,
        )
        return 2
    return 0


def _list(connection: sa.Connection) -> None:
    shown = (model_run.c[name] for name in SHOWN)
    rows = connection.execute(sa.select(*shown).order_by(model_run.c.id.desc())).all()
    if not rows:
        print("No model has been trained yet.")
    for row in rows:
        state = "in use" if row.champion_of else "waits for a word" if row.is_proposed else ""
        error = "not measured" if row.relative_error is None else f"{row.relative_error:.3f}"
        print(
            f"{row.version}  until {row.data_until}  error {error}  {row.model}  {state}".rstrip()
        )


if __name__ == "__main__":
    sys.exit(main())
