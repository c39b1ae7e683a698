"""Read the export and decide whether it can be trusted."""

from pipelines.config.run_context import Job
from pipelines.data.checked_export import CheckedExport, checked_export
from pipelines.runtime.prefect_tasks import text_flow


@text_flow(name="check")
def check(
    config: str,
    home: str,
    as_of: str | None = None,
    now: str | None = None,
    warn_when_stale: bool = True,
    any_size: bool = False,
) -> CheckedExport:
    """Read and judge the export; nothing is published."""
    job = Job.of(
        config, home, as_of=as_of, now=now, warn_when_stale=warn_when_stale, any_size=any_size
    )
    return checked_export(job)
