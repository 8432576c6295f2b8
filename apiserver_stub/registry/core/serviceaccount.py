"""ServiceAccount: a delete answers with the object; nothing else is special."""

from __future__ import annotations

from apiserver_stub.registry import base


class ServiceAccounts(base.Kind):
    returns_deleted = True
