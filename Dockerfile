# CPU: docker build -t menagerie .
# GPU: docker build -t menagerie --build-arg RUNTIME=gpu .      then: docker run --gpus all ...
# Run: docker run -p 8501:8501 menagerie                       own zoo: -v /path/to/zoo:/app/zoo-data:ro
FROM python:3.13-slim

# cpu or gpu: which ONNX Runtime is installed; the gpu one brings CUDA and cuDNN as Python packages
ARG RUNTIME=cpu

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

# What changes rarely comes first: dependencies are installed anew only when pyproject.toml changes
COPY pyproject.toml README.md LICENSE ./
RUN mkdir zoo training && pip install --editable ".[${RUNTIME}]"
COPY . .

RUN useradd --create-home --uid 10001 menagerie
USER 10001

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://localhost:8501/_stcore/health', timeout=4)"]
CMD ["menagerie", "serve", "--port", "8501"]
