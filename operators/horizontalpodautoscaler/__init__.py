"""HorizontalPodAutoscaler operator: as many Pods as their load asks for."""

from operators._kube import kopf_run
from operators._kube.sleep import Sleep

SLEEP = Sleep(("autoscaling/v2/horizontalpodautoscalers",), account="horizontal-pod-autoscaler")

kopf_run.offer(__name__)
