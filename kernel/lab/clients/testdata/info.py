"""Starts a kernel and prints the content of its kernel_info_reply as JSON."""

import json
import sys

from jupyter_client.manager import start_new_kernel

km, kc = start_new_kernel(kernel_name=sys.argv[1])
try:
    print(json.dumps(kc.kernel_info(reply=True, timeout=30)["content"]))
finally:
    kc.stop_channels()
    km.shutdown_kernel()
