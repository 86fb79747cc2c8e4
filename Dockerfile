# The leaderboard as a container: not root, nothing to write, its reports verified when it is built.
#
#     docker build -t catbench-board .
#     docker run --read-only --tmpfs /tmp -p 8501:8501 catbench-board
#
# Reports from elsewhere: -v /path/to/reports:/board/reports:ro, and `leaderboard submissions reports --headless`.
FROM python:3.11-slim

WORKDIR /board
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY packaging packaging
COPY benchmark benchmark
COPY baselines baselines
COPY leaderboard leaderboard
RUN pip install --no-cache-dir --constraint constraints.txt '.[leaderboard]'
COPY submissions submissions

ENV CATBENCH_HOME=/board/kept \
    PYTHONDONTWRITEBYTECODE=1 \
    STREAMLIT_BROWSER_GATHER_USAGE_STATS=false \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0
RUN catbench leaderboard --export exported \
    && useradd --system --no-create-home --home-dir /tmp --uid 10001 board

USER 10001
EXPOSE 8501
HEALTHCHECK --start-period=30s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://localhost:8501/_stcore/health', timeout=3)"]
ENTRYPOINT ["catbench"]
CMD ["leaderboard", "--headless"]
