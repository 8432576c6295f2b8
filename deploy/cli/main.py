"""The command `ukube`: finds the subcommand, imports only that, and turns Failure into one sentence."""

import importlib
import sys

import click

from deploy.failure import Failure

# name -> (module, one line of help). The module is imported when the command is run or its own help is asked for.
COMMANDS = {
    "demo": ("demo", "Bring up a node, deploy the demo with kubectl and show what it became."),
    "test": ("test", "Run the tests, or a part of them; without a word all but the long ones."),
    "up": ("node", "Install and start MicroKube on this machine."),
    "down": ("node", "Stop MicroKube and its Pods on this machine."),
    "status": ("node", "Show API server, operators, Pods, units, memory and CPU."),
    "certs": ("certs", "Show the certificates and when they expire."),
    "kubeconfig": ("node", "Print the admin kubeconfig."),
    "sandbox": ("sandbox", "Sandbox nodes: whole machines in namespaces of their own."),
    "apiserver": ("programs", "Run only the API server, in the foreground."),
    "operators": ("programs", "Run, list, disable and enable operators."),
    "bench": ("bench", "Run the benchmarks."),
}


class Lazy(click.Group):
    """A group whose commands are imported on demand: `ukube status` should not wait for what `ukube demo` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"deploy.cli.{COMMANDS[cmd_name][0]}")
        found: click.Command = getattr(module, cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def cli() -> None:
    """MicroKube: the Kubernetes API for one systemd machine."""


def main() -> int:
    """Returns the exit code: 0, 1 after a Failure, 2 for wrong usage, 130 after Ctrl-C."""
    try:
        code = cli.main(prog_name="ukube", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except Failure as failure:
        if failure.detail:
            click.echo(failure.detail, err=True)
        click.echo(f"ukube: {failure.sentence}", err=True)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return code if isinstance(code, int) else 0
