"""Images for tests that need more than busybox."""

from deploy.images import build, recipes
from tests.node.conftest import TestNode

_PYTHON = recipes.Recipe(
    packages=("python3",),
    folders=("tmp", "root"),
    changes=('CMD ["python3"]', "ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin PYTHONDONTWRITEBYTECODE=1"),
)


def python(node: TestNode, name: str = "localhost/python:latest") -> str:
    """Makes sure that the node has an image with python3 and its ssl; returns its name."""
    build.ensure(node.node, _PYTHON, name, lambda line: None)
    return name
