"""A server that speaks as vLLM does, for what a real one does only when it is in trouble.

usage: fake_server.py serve MODEL --port N …; server.json beside this one tells how it behaves.
Its profiler tells the stand-in of nsys what torch.cuda.profiler would tell the driver.
"""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = int(sys.argv[sys.argv.index("--port") + 1])
MODE = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "server.json")))


def tell(word):
    if "STAND_IN_CUDA_RANGE" in os.environ and not MODE.get("no cuda"):
        with open(os.environ["STAND_IN_CUDA_RANGE"], "a") as handle:
            handle.write(word + "\n")


class Handler(BaseHTTPRequestHandler):
    def answer(self, document, status=200):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/health":
            return self.answer({})
        if self.path == "/v1/models":
            return self.answer({"data": [{"id": "fake", "root": "Fake/1B", "max_model_len": 1024}]})
        if self.path == "/start_profile":
            profiler = any("profiler=cuda" in word for word in sys.argv)
            return self.answer({}, 405 if profiler else 404)
        return self.answer({}, 404)

    def do_POST(self):
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        # In one piece: several are answered at a time.
        sys.stdout.write("POST %s\n" % self.path)
        sys.stdout.flush()
        if self.path == "/start_profile":
            tell("start")
        elif self.path == "/stop_profile":
            tell("stop")
        elif self.path == "/v1/completions":
            if MODE.get("hangs") and "max_tokens" in body and body["max_tokens"] > 4:
                time.sleep(3600)
            document = {"id": "1", "usage": {"prompt_tokens": 8, "completion_tokens": 4}}
            if body.get("stream"):
                text = "data: %s\n\ndata: [DONE]\n\n" % json.dumps(document)
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.end_headers()
                self.wfile.write(text.encode())
                return
            return self.answer(document)
        else:
            return self.answer({}, 404)
        self.answer({})


def leave(*_):
    os._exit(0)


signal.signal(signal.SIGTERM, leave)
signal.signal(signal.SIGINT, leave)
print(json.dumps({"env": dict(os.environ)}), flush=True)
time.sleep(MODE.get("start seconds", 0))
while "starts with" in MODE and not os.path.exists(MODE["starts with"]):
    time.sleep(0.05)
if MODE.get("dies"):
    sys.exit("RuntimeError: no GPU here")
ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
