"""Read the export and decide whether it can be trusted."""

from pipelines.config.run_request import RunRequest
from pipelines.data.checked_export import CheckedExport, load_checked_export
from pipelines.runtime.prefect_tasks import pickle_free_flow


@pickle_free_flow(name="check")
def check(request: RunRequest) -> CheckedExport:
    """Read and judge the export; nothing is published."""
    return load_checked_export(request)
