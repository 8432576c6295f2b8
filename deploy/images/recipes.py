"""What the demo's images are made of: distribution packages, a few files, and how the image starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.sandbox import recipe

USERS = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
GROUPS = "root:x:0:\nnogroup:x:65534:\n"
# Of a package's files, what nobody reads in a container.
SUPERFLUOUS = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/perl5",
    "usr/share/bash-completion",
    "usr/lib/x86_64-linux-gnu/perl-base",
    "usr/lib/iproute2",
    "var/cache",
    "var/lib/apt",
    "var/lib/dpkg",
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """packages: with all they depend on, unpacked but not configured. changes: instructions for `podman import`."""

    packages: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Changes whenever the image would."""
        parts = (self.packages, sorted(self.files.items()), self.folders, self.changes)
        return recipe.key(recipe.SUITE, parts, USERS, GROUPS, SUPERFLUOUS, 1)


NGINX_CONF = """\
daemon off;
user nobody nogroup;
worker_processes 1;
pid /run/nginx.pid;
error_log /dev/stderr warn;
events { worker_connections 256; }
http {
    types { text/html html; text/plain txt; }
    default_type text/plain;
    access_log /dev/stdout;
    include /etc/nginx/conf.d/*.conf;
}
"""

WEB = Recipe(
    packages=("nginx",),
    files={"etc/nginx/nginx.conf": NGINX_CONF},
    folders=("etc/nginx/conf.d", "var/log/nginx", "var/lib/nginx", "run", "tmp"),
    changes=('ENTRYPOINT ["/usr/sbin/nginx"]', "EXPOSE 8080", "STOPSIGNAL SIGQUIT"),
)

CLIENT = Recipe(
    packages=("busybox-static",),
    folders=("tmp", "root"),
    changes=('CMD ["sh"]', "ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin"),
)
