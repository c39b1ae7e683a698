"""Read the export and decide whether it can be trusted."""

from pipelines.config.run_context import RunContext
from pipelines.data.checked_export import CheckedExport, load_checked_export
from pipelines.runtime.prefect_tasks import pickle_free_flow


@pickle_free_flow(name="check")
def check(
    config: str,
    home: str,
    as_of: str | None = None,
    now: str | None = None,
    warn_when_stale: bool = True,
    any_size: bool = False,
) -> CheckedExport:
    """Read and judge the export; nothing is published."""
    context = RunContext.of(
        config, home, as_of=as_of, now=now, warn_when_stale=warn_when_stale, any_size=any_size
    )
    return load_checked_export(context)
