"""`ukube certs`: what expires when."""

import sys
import time
from pathlib import Path

import click

from deploy import certificates
from deploy.machine import installed


@click.command()
@click.option("--name", default="node", show_default=True, help="Which sandbox node, where systemd is not PID 1.")
@click.option(
    "--data-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Of an API server that runs alone, instead of a node's.",
)
def certs(name: str, data_dir: Path | None) -> None:
    """Show the certificates and when they expire. Exit code 1 if one is not valid now."""
    from rich.console import Console
    from rich.table import Table

    found = certificates.of_directory(data_dir) if data_dir else certificates.of_machine(installed(name))
    rows = certificates.rows(found, time.time())
    table = Table()
    for column in ("file", "subject", "names", "valid from (UTC)", "until", "days left"):
        table.add_column(column, justify="right" if column == "days left" else "left", overflow="fold")
    for row in rows:
        names = ", ".join(row.names)
        style = None if row.is_valid else "bold red"
        table.add_row(row.file, row.subject, names, row.not_before, row.not_after, str(row.days_left), style=style)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    sys.exit(0 if all(row.is_valid for row in rows) else 1)
