"""A private PostgreSQL cluster on a free port of the loopback, gone when its `with` block ends."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from parts.cache import PartError, progress
from parts.port import free_port

ROLE = "lictor"
START_SECONDS = 30
STOP_SECONDS = 30
FAST_AND_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}
