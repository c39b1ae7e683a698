# One image for every part: the schedule, the dashboard, and the servers of Prefect and MLflow,
# which leadgain needs anyway and which so are of the versions that it was tested with.
# docs/operations.md tells how it is used; compose.yaml uses it.

FROM python:3.13-slim AS build
ENV UV_PROJECT_ENVIRONMENT=/opt/leadgain \
    UV_PYTHON=/usr/local/bin/python3 \
    UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir "uv>=0.9,<1"
WORKDIR /src
# The libraries first: they stay in Docker's cache while only leadgain changes.
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --no-install-project --no-cache
COPY README.md LICENSE NOTICE ./
COPY crm crm
COPY features features
COPY models models
COPY publications publications
COPY pipelines pipelines
COPY dashboard dashboard
COPY data data
RUN uv sync --locked --no-dev --no-editable --no-cache

FROM python:3.13-slim
# LightGBM computes in several threads by libgomp.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
# An empty named volume takes over the owner of the folder on which it is mounted.
RUN groupadd --gid 10001 leadgain \
    && useradd --uid 10001 --gid leadgain --home-dir /var/lib/leadgain --shell /usr/sbin/nologin leadgain \
    && install --directory --owner=leadgain --group=leadgain --mode=0700 /var/lib/leadgain /var/lib/mlflow
COPY --from=build /opt/leadgain /opt/leadgain
ENV PATH=/opt/leadgain/bin:$PATH \
    LEADGAIN_HOME=/var/lib/leadgain \
    PYTHONUNBUFFERED=1
USER leadgain
# leadgain.toml and the export lie in one folder, which is mounted here.
WORKDIR /export
CMD ["leadgain", "serve"]
# Healthy while a process holds the schedule. Whether lists appear is another question: monitor
# the age of the list, as docs/operations.md says.
HEALTHCHECK --interval=60s --timeout=10s --start-period=3m --retries=3 \
    CMD grep -q ":$(stat --format=%i "$LEADGAIN_HOME/SERVING") " /proc/locks
