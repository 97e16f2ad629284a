# CPU: docker build -t menagerie .
# GPU: docker build -t menagerie:gpu --build-arg RUNTIME=gpu .      then: docker run --gpus all ...
# Run: docker run --read-only --tmpfs /tmp -p 8501:8501 menagerie    own zoo: -v /path/to/zoo:/app/zoo-data:ro
# With HTTPS, limits and several replicas: compose.yaml.

# An exact release, not a digest: rebuilds of one release (with Debian's security updates) have others. Whoever must have
# the same bytes again pins what `docker buildx imagetools inspect` tells: --build-arg BASE=python@sha256:...
ARG BASE=python:3.13.16-slim-trixie

FROM ${BASE} AS build
# cpu or gpu: which ONNX Runtime is installed; the gpu one brings CUDA and cuDNN as Python packages
ARG RUNTIME=cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /app
# What changes rarely comes first: dependencies are installed anew only when the lock changes, and only as it says
COPY deploy/${RUNTIME}.lock deploy/
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --require-hashes --requirement deploy/${RUNTIME}.lock
COPY . .
RUN pip --python /opt/venv/bin/python install --no-deps --no-build-isolation --editable . \
    && pip --python /opt/venv/bin/python uninstall --yes setuptools \
    && python -m compileall -q zoo pages training streamlit_app.py

FROM ${BASE}
# Everything belongs to root; the app may write into /tmp, and into its cache where the zoo lies elsewhere
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin menagerie \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/cache/menagerie
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:${PATH} HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    MENAGERIE_HOSTED=1 MENAGERIE_LOG=json MENAGERIE_CACHE=/var/cache/menagerie
USER 10001:10001

EXPOSE 8501
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-S", "-c", "import urllib.request as u; u.urlopen('http://localhost:8501/_stcore/health', timeout=4)"]
CMD ["menagerie", "serve", "--port", "8501"]
