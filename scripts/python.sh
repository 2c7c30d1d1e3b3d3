# Sourced by the scripts: sets `python` to one that this project can use, or ends with what to do.
for python in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.10 python}; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && return
done
echo "Python 3.10 or newer is needed; name one in the environment variable PYTHON." >&2
exit 2
