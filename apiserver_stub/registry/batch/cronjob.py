"""CronJob: schedule, time zone and the template of its Jobs."""

from __future__ import annotations

import zoneinfo
from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, selector
from apiserver_stub.registry.batch import job, schedule
from apiserver_stub.registry.podspec import warnings

Object = base.Object

_POLICIES: Final = ("Allow", "Forbid", "Replace")


class CronJobs(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        text = spec.get("schedule", "")
        if not text:
            out = [field.required("spec.schedule")]
        else:
            fault = schedule.fault(text)
            out = [field.invalid("spec.schedule", text, fault)] if fault else []
        out += formats.not_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
        out += _time_zone(spec.get("timeZone"))
        out += formats.one_of("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), _POLICIES)
        out += _job_template(spec.get("jobTemplate") or {})
        for name in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
            out += formats.not_negative(f"spec.{name}", spec.get(name))
        return out

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        template = obj["spec"]["jobTemplate"]["spec"]["template"]
        return warnings.template(template, "spec.jobTemplate.spec.template")


def _job_template(template: Object) -> list[FieldError]:
    spec, path = template.get("spec") or {}, "spec.jobTemplate.spec"
    out = formats.any_label("spec.jobTemplate.labels", (template.get("metadata") or {}).get("labels"))
    if spec.get("selector") is not None:
        detail = "`selector` will be auto-generated"
        out.append(field.invalid(f"{path}.selector", selector.shown(spec["selector"]), detail))
    if spec.get("manualSelector"):
        out.append(field.not_supported(f"{path}.manualSelector", True, ("nil", "false")))
    return out + job.validate_spec(spec, path, selector_required=False)


def _time_zone(name: str | None) -> list[FieldError]:
    path = "spec.timeZone"
    if name is None:
        return []
    if not name:
        return [field.invalid(path, name, "timeZone must be nil or non-empty string")]
    if name.lower() == "local":
        detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        return [field.invalid(path, name, detail)]
    try:
        zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        return [field.invalid(path, name, f"unknown time zone {name}")]
    return []
