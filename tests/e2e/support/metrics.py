"""Envoy's Prometheus page, parsed as Prometheus does it."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

FILTER = "lictor_"


def scrape(admin_url: str) -> list[Sample]:
    """The samples of the filter's metrics."""
    with urllib.request.urlopen(f"{admin_url}/stats/prometheus", timeout=30) as answer:
        page = answer.read().decode()
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    # The parser gives every counter the suffix that newer conventions ask for; Envoy's names have none.
    samples = [sample._replace(name=sample.name.removesuffix("_total")) for sample in samples]
    return [sample for sample in samples if sample.name.startswith(FILTER)]


def value(samples: list[Sample], name: str, **labels: str) -> float:
    """The one sample of this name with these labels."""
    [found] = [sample.value for sample in samples if sample.name == FILTER + name and sample.labels == labels]
    return found
