"""Times cells in several kernels, interleaved.

Reads a job as JSON from standard input: kernels (names), setup (kernel name -> code run once, untimed),
cells (name -> code in which @ stands for a number that changes), runs. Prints one JSON object a line:
{"cell": name, "kernel": name, "kind": "changed" or "unchanged", "seconds": s}.
"""

import json
import sys
import time

from jupyter_client.manager import KernelManager

TIMEOUT = 600


class Kernel:
    def __init__(self, name):
        self.name = name
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code):
        """Runs a cell and returns the seconds until both its reply and its idle status are there."""
        start = time.monotonic()
        request = self.client.execute(code, allow_stdin=False)
        said = []
        while True:
            m = self.client.get_iopub_msg(timeout=TIMEOUT)
            if m["parent_header"].get("msg_id") != request:
                continue
            if m["msg_type"] == "status" and m["content"]["execution_state"] == "idle":
                break
            if m["msg_type"] in ("stream", "error"):
                said.append(str(m["content"].get("text") or m["content"].get("evalue")))
        while True:
            reply = self.client.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == request:
                break
        seconds = time.monotonic() - start
        if reply["content"]["status"] != "ok":
            sys.exit("kernel %s failed on\n%s\n%s" % (self.name, code, "".join(said)))
        return seconds

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel()


def main():
    job = json.load(sys.stdin)
    number = 1000
    for cell, code in job["cells"].items():
        kernels = [Kernel(name) for name in job["kernels"]]
        try:
            for k in kernels:
                if k.name in job["setup"]:
                    k.run(job["setup"][k.name])
                for _ in range(2):  # the first run of a cell builds what it imports
                    number += 1
                    k.run(code.replace("@", str(number)))
            for i in range(job["runs"]):
                number += 1
                text = code.replace("@", str(number))
                for j in range(len(kernels)):
                    k = kernels[(i + j) % len(kernels)]
                    for kind in ("changed", "unchanged"):
                        print(json.dumps({"cell": cell, "kernel": k.name, "kind": kind, "seconds": k.run(text)}), flush=True)
        finally:
            for k in kernels:
                k.stop()


main()
