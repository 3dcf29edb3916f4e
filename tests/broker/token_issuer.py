"""Issues unsigned tokens, as an OAuth 2 server would signed ones: token_issuer.py SUBJECT LIFE-IN-SECONDS. Prints its address."""
import base64
import http.server
import json
import sys
import time

SUBJECT, LIFE = sys.argv[1], int(sys.argv[2])


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class Issuer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        now = time.time()
        token = f"{part({'alg': 'none'})}.{part({'sub': SUBJECT, 'iat': now, 'exp': now + LIFE})}."
        body = json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": LIFE}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
print(f"http://127.0.0.1:{server.server_address[1]}/token", flush=True)
server.serve_forever()
