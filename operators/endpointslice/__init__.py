"""EndpointSlice operator: which Pods answer for a Service, as EndpointSlices and as Endpoints."""

from operators._kube import kopf_run

kopf_run.offer(__name__)
